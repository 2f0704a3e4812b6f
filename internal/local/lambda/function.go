// Package function runs a Lambda handler in this process the way Lambda would:
// with a deadline, a request id and a trace header in its context, and with
// its errors, panics and timeouts told in the words of Lambda.
package lambda

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/uuid"
)

// Account is the AWS account that owns everything on this machine.
const Account = "000000000000"

// DefaultTimeout is what Lambda gives a function that asks for nothing else.
const DefaultTimeout = 3 * time.Second

// MaxAnswer is the largest answer in bytes that a function may give.
const MaxAnswer = 6<<20 + 100

// Function is one Lambda function. It is safe for concurrent use when its
// handler is: like a function with several requests to a process, it runs as
// many invocations at a time as are asked for.
type Function struct {
	// Name is the bare name, such as "create-order".
	Name string
	// Handler does the work; awslambda.NewHandler makes one of a typed function.
	Handler awslambda.Handler
	// Timeout is the longest that one invocation may take; DefaultTimeout if 0.
	Timeout time.Duration
	// Region is the region told in the ARN.
	Region string
	// NewID makes the id of a request; a random UUID if nil.
	NewID func() string
	// Now dates the trace header; time.Now if nil. Deadlines follow the
	// machine's clock.
	Now func() time.Time
}

// ARN is the function's Amazon Resource Name, without a qualifier.
func (f *Function) ARN() string {
	return "arn:aws:lambda:" + f.Region + ":" + Account + ":function:" + f.Name
}

// Invoke runs the handler once with payload, which must be JSON, and answers
// what it answers. It never retries: that is for whoever invokes.
//
// A handler that returns an error, panics, answers more than MaxAnswer bytes
// or is not done within Timeout gives a *FunctionError. When ctx ends first,
// the handler's context ends with it and Invoke waits for the handler, no
// longer than Timeout: what it still achieves counts, and if it gives up the
// error wraps the cause of ctx instead, as the function is not to blame.
//
// Lambda kills a process that has timed out; a goroutine cannot be killed. A
// handler that ignores its deadline is reported as timed out on time, and its
// goroutine goes on until the handler returns; what it returns is dropped.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	timeout := cmp.Or(f.Timeout, DefaultTimeout)
	requestID := f.requestID()
	run, cancel := context.WithTimeout(f.describe(ctx, requestID), timeout)
	defer cancel()

	done := make(chan outcome, 1) // buffered: a late handler must be able to end
	go func() { done <- f.call(run, payload) }()

	late := time.NewTimer(timeout)
	defer late.Stop()
	select {
	case <-late.C:
		return nil, timedOut(f.Name, requestID, timeout)
	case o := <-done:
		switch {
		case o.failure != nil:
			return nil, o.failure
		case o.err == nil:
			return o.answer, nil
		case ctx.Err() != nil:
			return nil, fmt.Errorf("invoke %s: %w", f.Name, context.Cause(ctx))
		case run.Err() != nil:
			return nil, timedOut(f.Name, requestID, timeout)
		}
		return nil, returned(f.Name, o.err)
	}
}

// outcome is how a handler ended: with an answer, with an error of its own,
// or with a failure that Lambda would have noticed from outside.
type outcome struct {
	answer  []byte
	err     error
	failure error
}

func (f *Function) call(ctx context.Context, payload []byte) (o outcome) {
	defer func() {
		if value := recover(); value != nil {
			o = outcome{failure: panicked(f.Name, value)}
		}
	}()
	answer, err := f.Handler.Invoke(ctx, payload)
	if err == nil && len(answer) > MaxAnswer {
		return outcome{failure: tooLarge(f.Name)}
	}
	return outcome{answer: answer, err: err}
}

// describe adds to ctx what a handler can learn of its invocation.
func (f *Function) describe(ctx context.Context, requestID string) context.Context {
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{
		AwsRequestID:       requestID,
		InvokedFunctionArn: f.ARN(),
	})
	//lint:ignore SA1029 the key is a plain string in aws-lambda-go, and tracing libraries look for that
	return context.WithValue(ctx, "x-amzn-trace-id", f.traceHeader(requestID))
}

// traceHeader is well-formed whatever NewID makes, and never sampled: nothing
// on this machine collects traces.
func (f *Function) traceHeader(requestID string) string {
	now := time.Now
	if f.Now != nil {
		now = f.Now
	}
	sum := sha256.Sum256([]byte(requestID))
	return fmt.Sprintf("Root=1-%08x-%x;Parent=%x;Sampled=0", uint32(now().Unix()), sum[:12], sum[12:20])
}

func (f *Function) requestID() string {
	if f.NewID != nil {
		return f.NewID()
	}
	return uuid.NewString()
}
