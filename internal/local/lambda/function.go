// Package lambda runs the service's Lambda functions in this process, and the event source mappings
// that invoke them.
package lambda

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/uuid"
)

// Account is the ID of the AWS account that owns everything on this machine.
const Account = "000000000000"

// DefaultTimeout is the timeout of a function that sets none, as on Lambda.
const DefaultTimeout = 3 * time.Second

// MaxResponse is the size in bytes of the largest response that a function may return.
const MaxResponse = 6<<20 + 100

// A Function runs a handler as Lambda does: with a deadline, a request ID and a trace header in its
// context, and with its errors, panics and timeouts reported in Lambda's words. It is safe for
// concurrent use if its handler is: any number of invocations may run at the same time.
type Function struct {
	Name    string            // the bare name, such as "create-order"
	Handler awslambda.Handler // lambda.NewHandler makes one of a typed function
	Timeout time.Duration     // of one invocation; 0: DefaultTimeout
	Region  string            // in the function's ARN
	NewID   func() string     // returns a request ID; nil: a random UUID
	Now     func() time.Time  // dates the trace header, not the deadline; nil: time.Now

	// Sampled, if set, reports whether to trace the next invocation; none is traced otherwise.
	Sampled func() bool
	// Observe, if set, is called at the end of each invocation.
	Observe func(Invocation)
}

// An Invocation describes one finished invocation of a function.
type Invocation struct {
	Function  string // its name
	RequestID string
	Start     time.Time
	Duration  time.Duration
	Err       error // what Invoke returned
}

type requestIDKey struct{}

// ContextWithRequestID returns a context that gives the next invocation this request ID, for
// callers that need to know it.
func ContextWithRequestID(ctx context.Context, requestID string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, requestID)
}

// ARN returns the function's Amazon Resource Name, without a qualifier.
func (f *Function) ARN() string {
	return "arn:aws:lambda:" + f.Region + ":" + Account + ":function:" + f.Name
}

// Invoke runs the handler once with payload, which must be JSON, and returns the handler's
// response. It never retries.
//
// The error is a *FunctionError if the handler returns an error, panics, returns more than
// MaxResponse bytes or is not done within Timeout. If ctx ends first, the handler's context ends
// with it and Invoke waits for the handler, no longer than Timeout: a response still counts, and an
// error wraps the cause of ctx instead, because the function did not fail.
//
// Lambda kills a process that has timed out; a goroutine cannot be killed. A handler that ignores
// its deadline is reported as timed out on time, and its goroutine runs until the handler returns;
// its response is dropped.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	requestID, start := f.requestID(ctx), time.Now()
	response, err := f.invoke(ctx, requestID, payload)
	if f.Observe != nil {
		f.Observe(Invocation{Function: f.Name, RequestID: requestID, Start: start, Duration: time.Since(start), Err: err})
	}
	return response, err
}

func (f *Function) invoke(ctx context.Context, requestID string, payload []byte) ([]byte, error) {
	timeout := cmp.Or(f.Timeout, DefaultTimeout)
	run, cancel := context.WithTimeout(f.invocationContext(ctx, requestID), timeout)
	defer cancel()

	done := make(chan result, 1) // buffered: a late handler must be able to end
	go func() { done <- f.call(run, payload) }()

	late := time.NewTimer(timeout)
	defer late.Stop()
	select {
	case <-late.C:
		return nil, timedOut(f.Name, requestID, timeout)
	case r := <-done:
		switch {
		case r.failure != nil:
			return nil, r.failure
		case r.err == nil:
			return r.response, nil
		case ctx.Err() != nil:
			return nil, fmt.Errorf("invoke %s: %w", f.Name, context.Cause(ctx))
		case run.Err() != nil:
			return nil, timedOut(f.Name, requestID, timeout)
		}
		return nil, returned(f.Name, r.err)
	}
}

// A result is what a handler returned, or a failure that Lambda notices from outside.
type result struct {
	response []byte
	err      error
	failure  error
}

func (f *Function) call(ctx context.Context, payload []byte) (r result) {
	defer func() {
		if value := recover(); value != nil {
			r = result{failure: panicked(f.Name, value)}
		}
	}()
	response, err := f.Handler.Invoke(ctx, payload)
	if err == nil && len(response) > MaxResponse {
		return result{failure: tooLarge(f.Name)}
	}
	return result{response: response, err: err}
}

// invocationContext adds to ctx what a handler can read about its invocation.
func (f *Function) invocationContext(ctx context.Context, requestID string) context.Context {
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{
		AwsRequestID:       requestID,
		InvokedFunctionArn: f.ARN(),
	})
	//lint:ignore SA1029 the key is a plain string in aws-lambda-go, and tracing libraries look for it
	return context.WithValue(ctx, "x-amzn-trace-id", f.traceHeader(requestID))
}

// traceHeader returns a well-formed header whatever NewID returns.
func (f *Function) traceHeader(requestID string) string {
	now := time.Now
	if f.Now != nil {
		now = f.Now
	}
	sampled := 0
	if f.Sampled != nil && f.Sampled() {
		sampled = 1
	}
	sum := sha256.Sum256([]byte(requestID))
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%x;Sampled=%d", uint32(now().Unix()), TraceSuffix(requestID), sum[12:20], sampled)
}

// TraceSuffix returns the part of an invocation's trace ID that does not depend on the time.
func TraceSuffix(requestID string) string {
	sum := sha256.Sum256([]byte(requestID))
	return hex.EncodeToString(sum[:12])
}

func (f *Function) requestID(ctx context.Context) string {
	if id, ok := ctx.Value(requestIDKey{}).(string); ok {
		return id
	}
	if f.NewID != nil {
		return f.NewID()
	}
	return uuid.NewString()
}
