package peer

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"orders/internal/order"
)

// tell writes down at DEBUG how a check went. The words of a refusal are for the caller, whose own they may repeat, and
// a failure is written down where it matters, with its cause.
func (e endpoint) tell(ctx context.Context, took time.Duration, err error) {
	if e.calls.Log == nil || !e.calls.Log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	e.calls.Log.LogAttrs(ctx, slog.LevelDebug, "check ended",
		slog.String("orderId", order.OrderIDFromContext(ctx)),
		slog.String("peer", e.peer),
		slog.String("outcome", cmp.Or(string(order.KindOf(err)), "agreed")),
		slog.Int64("milliseconds", took.Milliseconds()))
}

func (e endpoint) warn(ctx context.Context, text string, attributes ...any) {
	if e.calls.Log != nil {
		e.calls.Log.WarnContext(ctx, text, append([]any{"peer", e.peer}, attributes...)...)
	}
}
