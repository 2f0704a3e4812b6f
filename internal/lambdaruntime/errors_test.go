package lambdaruntime_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
	"orders/internal/local/lambda"
)

// requireReplaced holds that the first process was lost, and that the function goes on in the
// second.
func requireReplaced(t *testing.T, f *lambdaruntime.Function) {
	t.Helper()
	old := f.Process()
	require.Equal(t, `"back"`, invoke(t, f, `{"do":"echo","text":"back"}`))
	require.Equal(t, 2, f.Process().Number)
	require.NotEqual(t, old.PID, f.Process().PID)
}

func TestTheProcessSurvivesAnError(t *testing.T) {
	f, _ := start(t)
	failure := invokeError(t, f, `{"do":"error"}`)
	require.Equal(t, "errorString", failure.Type)
	require.Equal(t, "the handler's own error", failure.Message)
	require.JSONEq(t, `{"errorType":"errorString","errorMessage":"the handler's own error"}`, string(failure.Payload))
	require.Equal(t, `"still"`, invoke(t, f, `{"do":"echo","text":"still"}`))
	require.Equal(t, 1, f.Process().Number)
}

func TestAPanicEndsTheProcess(t *testing.T) {
	f, log := start(t)
	failure := invokeError(t, f, `{"do":"panic","text":"no idea"}`)
	require.Equal(t, "string", failure.Type)
	require.Equal(t, "no idea", failure.Message)
	require.Contains(t, string(failure.Payload), `"stackTrace":[`)
	requireReplaced(t, f)
	require.Contains(t, log.String(), "the process should exit")
}

func TestATimeoutKillsTheProcess(t *testing.T) {
	f, _ := start(t, func(o *lambdaruntime.Options) { o.Timeout = time.Second })
	failure := invokeError(t, f, `{"do":"hang"}`)
	require.Equal(t, "Sandbox.Timedout", failure.Type)
	require.Regexp(t, `^RequestId: \S+ Error: Task timed out after 1\.00 seconds$`, failure.Message)
	requireReplaced(t, f)
}

func TestALateResponseCountsWithinTheGrace(t *testing.T) {
	f, _ := start(t, func(o *lambdaruntime.Options) { o.Timeout, o.Grace = time.Millisecond, time.Minute })
	require.Equal(t, `"late"`, invoke(t, f, `{"do":"respond after the deadline"}`))
	require.Equal(t, 1, f.Process().Number)
}

func TestAnExitIsAFunctionError(t *testing.T) {
	f, _ := start(t)
	failure := invokeError(t, f, `{"do":"exit","n":7}`)
	require.Equal(t, "Runtime.ExitError", failure.Type)
	require.Regexp(t, `^RequestId: \S+ Error: Runtime exited with error: exit status 7$`, failure.Message)
	requireReplaced(t, f)

	f, _ = start(t)
	require.Contains(t, invokeError(t, f, `{"do":"exit","n":0}`).Message, "Runtime exited without providing a reason")
	requireReplaced(t, f)
}

func TestAnExitBetweenInvocationsFailsNone(t *testing.T) {
	f, _ := start(t)
	require.Equal(t, `"soon"`, invoke(t, f, `{"do":"exit afterwards"}`))
	require.Eventually(t, func() bool { return !f.Process().Ended.IsZero() }, time.Minute, time.Millisecond)
	requireReplaced(t, f)
}

func TestAResponseThatIsTooLarge(t *testing.T) {
	f, _ := start(t)
	require.Len(t, invoke(t, f, `{"do":"respond","n":1000000}`), 1_000_002)
	failure := invokeError(t, f, `{"do":"respond","n":6300000}`)
	require.Equal(t, "Function.ResponseSizeTooLarge", failure.Type)
	require.Contains(t, invoke(t, f, `{"do":"echo","text":"x"}`), "x")
	require.Greater(t, 6_300_000, lambda.MaxResponse)
}

func TestAStartThatFails(t *testing.T) {
	for name, c := range map[string]struct{ start, kind, message string }{
		"exits":   {"exit", "Runtime.ExitError", "Error: Runtime exited with error: exit status 3"},
		"reports": {"report", "Own.Error", "cannot start"},
		"hangs":   {"hang", "Sandbox.Timedout", "Error: Init timed out after 0.20 seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := tryStart(t, func(o *lambdaruntime.Options) {
				o.Env, o.InitTimeout = map[string]string{"START": c.start}, 10*time.Second
				if c.start == "hang" {
					o.InitTimeout = 200 * time.Millisecond
				}
			})
			failure := asFunctionError(t, err)
			require.Equal(t, c.kind, failure.Type)
			require.Equal(t, c.message, failure.Message)
		})
	}
}
