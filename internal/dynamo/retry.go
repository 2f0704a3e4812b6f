package dynamo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"orders/internal/order"
)

// newRetryer returns a retryer that retries what the SDK calls retryable, and truncated responses,
// until the context ends. Everything is set here because the SDK's defaults do not fit a request of
// one second: they wait up to 2 s before the first retry, stop after three attempts, and share a
// retry quota that one bad minute uses up.
func newRetryer(timing Timing) aws.Retryer {
	standard := retry.NewStandard(func(o *retry.StandardOptions) {
		o.Backoff = retry.BackoffDelayerFunc(timing.delay)
		o.RateLimiter = ratelimit.None
		o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(isInvalidResponse))
	})
	return retry.AddWithMaxAttempts(standard, 0) // 0 means no limit
}

// delay returns the backoff after a failed attempt, counted from 1: a random time between half and
// all of a bound that doubles, so that callers that failed together do not retry together.
func (t Timing) delay(attempt int, _ error) (time.Duration, error) {
	longest := t.FirstDelay
	for ; attempt > 1 && longest < t.MaxDelay; attempt-- {
		longest *= 2
	}
	longest = min(longest, t.MaxDelay)
	return longest/2 + rand.N(longest/2+1), nil
}

// isInvalidResponse reports whether a response was truncated or garbled.
func isInvalidResponse(err error) aws.Ternary {
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// limitAttempts bounds the attempts of every call of a client. An attempt after one that timed out
// has three times as long.
func limitAttempts(first time.Duration) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error { // of one call
		timeout := first
		limit := func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
			middleware.FinalizeOutput, middleware.Metadata, error,
		) {
			attempt, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			out, metadata, err := next.HandleFinalize(attempt, in)
			if err != nil && attempt.Err() != nil && ctx.Err() == nil {
				err = timeoutError{timeout}
				timeout *= 3
			}
			return out, metadata, err
		}
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("LimitAttempt", limit), "Retry", middleware.After)
	}
}

// A timeoutError is the error of an attempt that timed out before its call did. The SDK retries it,
// which it does not for an error of a context.
type timeoutError struct{ after time.Duration }

func (e timeoutError) Error() string      { return fmt.Sprintf("timed out after %s", e.after) }
func (timeoutError) RetryableError() bool { return true }

// attempts records how the attempts of one call went.
type attempts struct {
	mayHaveWritten bool  // whether a failed attempt may have been carried out
	lastErr        error // the last failure that was not merely the end of the context
}

// observe makes a call record its attempts in a.
func (a *attempts) observe(o *dynamodb.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(a, "Retry", middleware.After)
	})
}

// ID names the middleware.
func (*attempts) ID() string { return "ObserveAttempts" }

// HandleFinalize records one attempt.
func (a *attempts) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	out, metadata, err := next.HandleFinalize(ctx, in)
	if err != nil {
		a.mayHaveWritten = a.mayHaveWritten || !isRejection(err)
		if ctx.Err() == nil {
			a.lastErr = err
		}
	}
	return out, metadata, err
}

// isRejection reports whether the table clearly rejected an attempt. Without a response, and after
// a 5xx, it may have carried the attempt out.
func isRejection(err error) bool {
	response, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return ok && response.HTTPStatusCode() >= 400 && response.HTTPStatusCode() < 500
}

// failure returns the Unavailable error of a call. If the context ended between two attempts, it
// names the cause of the last failed attempt as well.
func (a *attempts) failure(ctx context.Context, operation string, err error) error {
	if ctx.Err() != nil && a.lastErr != nil {
		err = fmt.Errorf("%w, last failed attempt: %w", err, a.lastErr)
	}
	return unavailable(operation, err)
}

func unavailable(operation string, err error) error {
	return order.StoreError(fmt.Errorf("%s: %w", operation, err))
}
