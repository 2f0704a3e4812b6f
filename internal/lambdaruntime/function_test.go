package lambdaruntime_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
	"orders/internal/local/lambda"
)

func TestInvoke(t *testing.T) {
	f, log := start(t)
	process := f.Process()
	require.Equal(t, 1, process.Number)
	require.False(t, process.Ready.Before(process.Spawned))
	require.Zero(t, process.Responded)

	require.Equal(t, `"one"`, invoke(t, f, `{"do":"echo","text":"one"}`))
	first := f.Process()
	require.False(t, first.Responded.Before(process.Ready))
	require.Equal(t, `"two"`, invoke(t, f, `{"do":"echo","text":"two"}`))
	require.Equal(t, first, f.Process(), "one process for all, and the time of the first response")

	f.Close()
	f.Close()
	require.False(t, f.Process().Ended.Before(first.Responded))
	require.Equal(t, 2, strings.Count(log.String(), "echo on stdout"))
	require.Equal(t, 2, strings.Count(log.String(), "echo on stderr"))
	_, err := f.Invoke(t.Context(), []byte(`{}`))
	require.ErrorContains(t, err, "tested: closed")
}

func TestAnInvocationHasItsContext(t *testing.T) {
	f, _ := start(t, func(o *lambdaruntime.Options) { o.Env = map[string]string{"AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:9"} })
	var first, second struct {
		PID                   int
		RequestID, ARN, Trace string
		Left                  int64 // milliseconds
	}
	require.NoError(t, json.Unmarshal([]byte(invoke(t, f, `{"do":"invocation"}`)), &first))
	require.NoError(t, json.Unmarshal([]byte(invoke(t, f, `{"do":"invocation"}`)), &second))
	require.Equal(t, f.Process().PID, first.PID)
	require.NotEqual(t, first.RequestID, second.RequestID)
	require.Equal(t, "arn:aws:lambda:eu-west-1:000000000000:function:tested", first.ARN)
	require.Regexp(t, `^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1$`, first.Trace)
	require.Positive(t, first.Left)
	require.LessOrEqual(t, first.Left, time.Minute.Milliseconds())
}

func TestNothingIsInherited(t *testing.T) {
	t.Setenv("HOME", "/nowhere")
	t.Setenv("AWS_PROFILE", "mine")
	f, _ := start(t, func(o *lambdaruntime.Options) {
		o.Env = map[string]string{"TABLE_NAME": "t", "AWS_REGION": "eu-north-1"}
		o.Memory, o.Concurrency = 512, 2
	})
	var list []string
	require.NoError(t, json.Unmarshal([]byte(invoke(t, f, `{"do":"environment"}`)), &list))
	environment := map[string]string{}
	for _, variable := range list {
		name, value, _ := strings.Cut(variable, "=")
		environment[name] = value
	}
	require.NotContains(t, environment, "HOME")
	require.NotContains(t, environment, "AWS_PROFILE")
	require.NotEmpty(t, environment["PATH"])
	for name, want := range map[string]string{
		"TABLE_NAME": "t", "AWS_REGION": "eu-north-1", "AWS_LAMBDA_FUNCTION_NAME": "tested", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
		"AWS_ACCESS_KEY_ID": lambdaruntime.AccessKeyID, "AWS_LAMBDA_MAX_CONCURRENCY": "2",
	} {
		require.Equal(t, want, environment[name], name)
	}
}

func TestInvocationsShareAProcess(t *testing.T) {
	const concurrency = 4
	f, _ := start(t, func(o *lambdaruntime.Options) { o.Concurrency = concurrency })
	var all sync.WaitGroup
	for range 3 * concurrency { // each returns only when three others are in flight with it
		all.Go(func() {
			response, err := f.Invoke(context.WithoutCancel(t.Context()), []byte(`{"do":"meet","n":4}`))
			if err != nil || string(response) != `"met"` {
				t.Errorf("got %s, %v", response, err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, f.Process().Number)
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	f, log := start(t)
	ended := make(chan error, 1)
	go func() {
		_, err := f.Invoke(context.WithoutCancel(t.Context()), []byte(`{"do":"hang"}`))
		ended <- err
	}()
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "hanging") }, time.Minute, time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.Invoke(ctx, []byte(`{"do":"echo"}`))
	require.ErrorIs(t, err, context.Canceled)
	f.Close()
	require.Error(t, <-ended, "Close ends what is under way")
}

func TestAnUnknownRequestIDIsRejected(t *testing.T) {
	f, _ := start(t)
	require.Equal(t, "400", invoke(t, f, `{"do":"complete an unknown request"}`))
}

func TestABinaryThatCannotBeRun(t *testing.T) {
	_, _, err := tryStart(t, func(o *lambdaruntime.Options) { o.Binary = filepath.Join(t.TempDir(), "none") })
	require.ErrorContains(t, err, "start tested: ")
	var failure *lambda.FunctionError
	require.NotErrorAs(t, err, &failure)
}
