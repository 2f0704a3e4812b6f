package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"orders/internal/order"
)

// attempts is what became of the attempts of one call to the table.
type attempts struct {
	lost bool  // whether one may have been carried out although no answer said so
	last error // the last failure that was not merely the end of the context
}

// watch makes a call report its attempts here.
func (a *attempts) watch(o *dynamodb.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(a, "Retry", middleware.After)
	})
}

// ID names the middleware.
func (*attempts) ID() string { return "WatchAttempts" }

// HandleFinalize looks at one attempt.
func (a *attempts) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	out, metadata, err := next.HandleFinalize(ctx, in)
	if err != nil {
		a.lost = a.lost || !isRefusal(err)
		if ctx.Err() == nil {
			a.last = err
		}
	}
	return out, metadata, err
}

// isRefusal tells whether an attempt was clearly turned down. Without an answer, and after one that says that
// something broke, the table may have done what it was asked.
func isRefusal(err error) bool {
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return ok && answer.HTTPStatusCode() >= 400 && answer.HTTPStatusCode() < 500
}

// failure is the Unavailable error of a call. Where the context ended between two attempts, it tells as well why there
// had to be a second.
func (a *attempts) failure(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil && a.last != nil {
		err = fmt.Errorf("%w, after %w", err, a.last)
	}
	return unavailable(what, err)
}

func unavailable(what string, err error) error {
	return order.StoreError(fmt.Errorf("%s: %w", what, err))
}
