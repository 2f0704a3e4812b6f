package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"orders/internal/local/lambda"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A handler is a function as an awslambda.Handler.
type handler func(ctx context.Context, payload []byte) ([]byte, error)

func (h handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) { return h(ctx, payload) }

func newFunction(h awslambda.Handler) *lambda.Function {
	return &lambda.Function{
		Name:    "create-order",
		Handler: h,
		Region:  "eu-west-1",
		NewID:   func() string { return "request-1" },
	}
}

func functionError(t *testing.T, err error) *lambda.FunctionError {
	t.Helper()
	failed, ok := errors.AsType[*lambda.FunctionError](err)
	require.True(t, ok, "a function error, not %v", err)
	require.Equal(t, "create-order", failed.Function)
	return failed
}

func TestARN(t *testing.T) {
	require.Equal(t, "arn:aws:lambda:eu-west-1:000000000000:function:create-order", newFunction(nil).ARN())
}

func TestInvokeReturnsATypedHandlersResponse(t *testing.T) {
	type greeting struct{ Name string }
	f := newFunction(awslambda.NewHandler(func(_ context.Context, in greeting) (string, error) {
		return "hello " + in.Name, nil
	}))

	answer, err := f.Invoke(t.Context(), []byte(`{"Name":"Ann"}`))

	require.NoError(t, err)
	require.JSONEq(t, `"hello Ann"`, string(answer))
}

func TestContextDescribesTheInvocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen context.Context
		f := newFunction(handler(func(ctx context.Context, _ []byte) ([]byte, error) {
			seen = ctx
			return nil, nil
		}))
		f.Timeout = 10 * time.Second
		f.Now = func() time.Time { return time.Date(2026, 1, 23, 11, 2, 33, 0, time.UTC) }

		_, err := f.Invoke(t.Context(), []byte(`{}`))

		require.NoError(t, err)
		described, ok := lambdacontext.FromContext(seen)
		require.True(t, ok)
		require.Equal(t, "request-1", described.AwsRequestID)
		require.Equal(t, "arn:aws:lambda:eu-west-1:000000000000:function:create-order", described.InvokedFunctionArn)
		deadline, ok := seen.Deadline()
		require.True(t, ok)
		require.Equal(t, 10*time.Second, time.Until(deadline)) // no time passes in the bubble
		require.Regexp(t, `^Root=1-69735549-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$`, seen.Value("x-amzn-trace-id"))
	})
}

func TestEveryInvocationHasItsOwnUUID(t *testing.T) {
	seen := make(chan string, 20)
	f := newFunction(handler(func(ctx context.Context, _ []byte) ([]byte, error) {
		described, _ := lambdacontext.FromContext(ctx)
		seen <- described.AwsRequestID
		return nil, nil
	}))
	f.NewID = nil

	var group sync.WaitGroup
	for range cap(seen) {
		group.Go(func() { _, _ = f.Invoke(t.Context(), []byte(`{}`)) })
	}
	group.Wait()
	close(seen)

	ids := map[string]bool{}
	for id := range seen {
		require.NoError(t, uuid.Validate(id))
		ids[id] = true
	}
	require.Len(t, ids, cap(seen))
}

type outOfStock struct{}

func (*outOfStock) Error() string { return "nothing left" }

func TestErrorsAreReportedAsOnLambda(t *testing.T) {
	own := messages.InvokeResponse_Error{Type: "Busy", Message: "come again"}
	for name, test := range map[string]struct {
		err    error
		report string
	}{
		"plain":   {errors.New("no luck"), `{"errorMessage":"no luck","errorType":"errorString"}`},
		"wrapped": {fmt.Errorf("try: %w", errors.New("no luck")), `{"errorMessage":"try: no luck","errorType":"wrapError"}`},
		"own":     {&outOfStock{}, `{"errorMessage":"nothing left","errorType":"outOfStock"}`},
		"chosen":  {own, `{"errorMessage":"come again","errorType":"Busy"}`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFunction(handler(func(context.Context, []byte) ([]byte, error) { return []byte("dropped"), test.err }))

			answer, err := f.Invoke(t.Context(), []byte(`{}`))

			require.Nil(t, answer)
			require.JSONEq(t, test.report, string(functionError(t, err).Payload))
		})
	}
}

func TestInvalidInputIsAFunctionError(t *testing.T) {
	f := newFunction(awslambda.NewHandler(func(_ context.Context, in struct{ Count int }) error { return nil }))

	_, err := f.Invoke(t.Context(), []byte(`{"Count":"many"}`))

	failed := functionError(t, err)
	require.Equal(t, "UnmarshalTypeError", failed.Type)
	require.Contains(t, failed.Error(), "function create-order: UnmarshalTypeError: json: cannot unmarshal")
}

func breakDown() { panic(errors.New("out of paper")) }

func TestPanicsAreReportedWithTheirStack(t *testing.T) {
	f := newFunction(handler(func(context.Context, []byte) ([]byte, error) { breakDown(); return nil, nil }))

	_, err := f.Invoke(t.Context(), []byte(`{}`))

	var report messages.InvokeResponse_Error
	require.NoError(t, json.Unmarshal(functionError(t, err).Payload, &report))
	require.Equal(t, "out of paper", report.Message)
	require.Equal(t, "errorString", report.Type)
	require.Equal(t, "gopanic", report.StackTrace[0].Label)
	require.Equal(t, "runtime/panic.go", report.StackTrace[0].Path)
	require.Equal(t, "breakDown", report.StackTrace[1].Label)
	require.Equal(t, "orders/internal/local/lambda_test/function_test.go", report.StackTrace[1].Path)
	require.Positive(t, report.StackTrace[1].Line)
}

func TestPanicsOfEveryKind(t *testing.T) {
	var nobody map[string]int
	for name, test := range map[string]struct {
		panics func()
		kind   string
	}{
		"text":   {func() { panic("help") }, "string"},
		"nil":    {func() { panic(nil) }, "PanicNilError"}, //nolint:govet // on purpose
		"map":    {func() { nobody["x"] = 1 }, "plainError"},
		"chosen": {func() { panic(messages.InvokeResponse_Error{Type: "Busy"}) }, "Busy"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFunction(handler(func(context.Context, []byte) ([]byte, error) { test.panics(); return nil, nil }))
			_, err := f.Invoke(t.Context(), []byte(`{}`))
			require.Contains(t, functionError(t, err).Type, test.kind)
		})
	}
}

const timeoutReport = `{"errorMessage":"RequestId: request-1 Error: Task timed out after 3.00 seconds","errorType":"Sandbox.Timedout"}`

func TestHandlerThatObeysItsDeadlineIsTimedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFunction(handler(func(ctx context.Context, _ []byte) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}))

		_, err := f.Invoke(t.Context(), []byte(`{}`))

		require.JSONEq(t, timeoutReport, string(functionError(t, err).Payload))
	})
}

func TestHandlerThatIgnoresItsDeadlineIsTimedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, ended := make(chan struct{}), make(chan struct{})
		f := newFunction(handler(func(context.Context, []byte) ([]byte, error) {
			defer close(ended)
			<-release
			return []byte(`"too late"`), nil
		}))
		start := time.Now()

		answer, err := f.Invoke(t.Context(), []byte(`{}`))

		require.Nil(t, answer)
		require.JSONEq(t, timeoutReport, string(functionError(t, err).Payload))
		require.Equal(t, lambda.DefaultTimeout, time.Since(start))
		close(release)
		<-ended // its goroutine ends as soon as the handler does
	})
}

func TestCanceledInvocationCancelsTheHandler(t *testing.T) {
	gone := errors.New("shutting down")
	for name, test := range map[string]struct {
		answer []byte
		err    error
	}{
		"gives up":          {nil, context.Canceled},
		"finishes anyhow":   {[]byte(`"done"`), nil},
		"its own complaint": {nil, errors.New("no time")},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			f := newFunction(handler(func(ctx context.Context, _ []byte) ([]byte, error) {
				cancel(gone)
				<-ctx.Done()
				return test.answer, test.err
			}))

			answer, err := f.Invoke(ctx, []byte(`{}`))

			require.Equal(t, test.answer, answer)
			if test.err == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, gone)
			_, blamed := errors.AsType[*lambda.FunctionError](err)
			require.False(t, blamed)
		})
	}
}

func TestResponseSizeIsLimited(t *testing.T) {
	size := lambda.MaxResponse
	f := newFunction(handler(func(context.Context, []byte) ([]byte, error) { return make([]byte, size), nil }))

	answer, err := f.Invoke(t.Context(), []byte(`{}`))
	require.NoError(t, err)
	require.Len(t, answer, size)

	size++
	_, err = f.Invoke(t.Context(), []byte(`{}`))
	require.Equal(t, "Function.ResponseSizeTooLarge", functionError(t, err).Type)
}

func TestObserve(t *testing.T) {
	var seen []lambda.Invocation
	f := newFunction(handler(func(ctx context.Context, payload []byte) ([]byte, error) {
		time.Sleep(time.Second)
		if string(payload) == "{}" {
			return nil, errors.New("failed")
		}
		return payload, nil
	}))
	f.Observe = func(i lambda.Invocation) { seen = append(seen, i) }
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := f.Invoke(lambda.ContextWithRequestID(t.Context(), "request-1"), []byte("1"))
		require.NoError(t, err)
		_, err = f.Invoke(t.Context(), []byte("{}"))
		require.Error(t, err)
		require.Len(t, seen, 2)
		require.Equal(t, lambda.Invocation{Function: f.Name, RequestID: "request-1", Start: start, Duration: time.Second}, seen[0])
		require.Equal(t, err, seen[1].Err)
		require.NotEmpty(t, seen[1].RequestID)
	})
}
