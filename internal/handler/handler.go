// Package handler is the Lambda edge: it turns the events that AWS hands to the four functions into calls of the
// domain, and what the domain says into the answers that AWS and its callers expect. Each handler is a
// lambda.Handler, safe for concurrent use.
package handler

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"orders/internal/order"
)

// answerReserve is what a handler keeps of its invocation's time for its own answer: work that is cut short must
// still be told of.
const answerReserve = 300 * time.Millisecond

// withReserve ends the context that much before the invocation's own end.
func withReserve(ctx context.Context) (context.Context, context.CancelFunc) {
	if end, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, end.Add(-answerReserve))
	}
	return context.WithCancel(ctx)
}

// logFailure writes down why a caller did not get what it asked for: with the cause where the service or a neighbour
// failed, and by kind alone where only the request was at fault, since its details may repeat the caller's words.
func logFailure(ctx context.Context, log *slog.Logger, what, orderID string, err error) {
	attributes := []any{slog.String("kind", string(order.KindOf(err)))}
	if orderID != "" {
		attributes = append(attributes, slog.String("orderId", orderID))
	}
	if e, ok := errors.AsType[*order.Error](err); ok && e.Err == nil {
		log.InfoContext(ctx, what, attributes...)
		return
	}
	log.ErrorContext(ctx, what, append(attributes, slog.String("error", err.Error()))...)
}

// loggable is an order id if it is one, and otherwise empty: any other text in its place is somebody's own.
func loggable(orderID string) string {
	if order.ValidID(orderID) {
		return orderID
	}
	return ""
}
