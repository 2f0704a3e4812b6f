// Package handler is the edge to AWS: each of the four handlers turns the events that Lambda
// delivers into calls of the domain, and their results into the responses that AWS and callers
// expect. A handler is a lambda.Handler and safe for concurrent use.
package handler

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	"orders/internal/order"
)

// The metrics that the dashboard and the alarms of template.yaml read. All are counts.
const (
	MetricOrderCreated      = "orderCreated"      // orders stored for the first time
	MetricOrderCreatedTotal = "orderCreatedTotal" // their totals, in minor units
	MetricOrderPackaged     = "orderPackaged"
	MetricOrderFulfilled    = "orderFulfilled"
	MetricOrderFailed       = "orderFailed"      // packaging or delivery failed
	MetricEventsPublished   = "eventsPublished"  // entries that the event bus accepted
	MetricOrderUnreadable   = "orderUnreadable"  // orders that could not be returned because their items cannot be read
	MetricOrderUnavailable  = "orderUnavailable" // create requests that failed because a peer or the table failed
)

// Metrics records counts. It must be safe for concurrent use.
type Metrics interface {
	// Count adds counts, by the names of their metrics, for what happened to one order.
	Count(ctx context.Context, orderID string, counts map[string]int64)
}

// ResponseMetrics also records the responses to callers, by which a new version of a function is
// judged.
type ResponseMetrics interface {
	Metrics
	// CountResponse counts one response, together with what Count would count for it; failed means
	// a 5xx, or its equivalent in the response to a direct invocation.
	CountResponse(ctx context.Context, orderID string, failed bool, counts map[string]int64)
}

// isServerError reports whether the response to an error, or to nil, is a 5xx.
func isServerError(err error) bool {
	switch order.KindOf(err) {
	case "", order.Invalid, order.TooLarge, order.Rejected, order.Unauthorized, order.TokenUsed, order.NotFound:
		return false
	}
	return true
}

// The functions' timeouts, as the template has them.
const (
	CreateOrderTimeout = 15 * time.Second
	GetOrderTimeout    = 7 * time.Second
	OnEventsTimeout    = 30 * time.Second
	TableUpdateTimeout = 30 * time.Second
)

// responseReserve is the part of an invocation's time that is left for its response and its logs,
// after work that was canceled.
const responseReserve = 300 * time.Millisecond

// withReserve returns a context that ends responseReserve before the invocation does.
func withReserve(ctx context.Context) (context.Context, context.CancelFunc) {
	if end, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, end.Add(-responseReserve))
	}
	return context.WithCancel(ctx)
}

// logRejection logs why a caller did not get what it requested: an error with its cause if the
// service or a peer failed, and otherwise only its kind and its number of errors, because their
// texts may repeat the caller's words. The user ID and the order ID may be empty.
func logRejection(ctx context.Context, log *slog.Logger, message, userID, orderID string, err error) {
	attributes := []slog.Attr{slog.String("reason", string(order.KindOf(err)))}
	if orderID != "" {
		attributes = append(attributes, slog.String("orderId", orderID))
	}
	if userID != "" {
		attributes = append(attributes, slog.String("caller", pseudonym(userID)))
	}
	e, ok := errors.AsType[*order.Error](err)
	if ok {
		attributes = append(attributes, slog.Int("errors", len(e.Details)))
	}
	if ok && e.Err == nil {
		log.LogAttrs(ctx, slog.LevelInfo, message, attributes...)
		return
	}
	log.LogAttrs(ctx, slog.LevelError, message, append(attributes, slog.String("error", err.Error()))...)
}

// pseudonym returns a name for a user in logs, by which operators can tell one caller from many
// without knowing who it is.
func pseudonym(userID string) string {
	hash := sha256.Sum256([]byte(userID))
	return hex.EncodeToString(hash[:4])
}

// reportUnreadable logs and counts an order that cannot be returned because its item cannot be
// read.
func reportUnreadable(ctx context.Context, log *slog.Logger, metrics Metrics, item *order.UnreadableItem) {
	log.ErrorContext(ctx, "order unreadable", slog.String("orderId", item.OrderID), slog.String("error", item.Reason))
	metrics.Count(ctx, item.OrderID, map[string]int64{MetricOrderUnreadable: 1})
}

// loggable returns the order ID if it is valid, and otherwise the empty string, because the text
// may be anything.
func loggable(orderID string) string {
	if order.ValidID(orderID) {
		return orderID
	}
	return ""
}
