package handler

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"orders/internal/order"
)

// OnEvents is the function that lets orders follow what warehouse and delivery report through EventBridge.
type OnEvents struct {
	Orders  *order.Service
	Metrics Metrics
	Log     *slog.Logger
}

// A FollowedEvent is a kind of event that orders follow, and so what the rules of the event bus must let through.
type FollowedEvent struct {
	Source, DetailType string
	Status             order.Status // what it asks for
}

// FollowedEvents lists all kinds of events that OnEvents handles.
func FollowedEvents() []FollowedEvent {
	return []FollowedEvent{
		{"ecommerce.warehouse", "PackageCreated", order.Packaged},
		{"ecommerce.warehouse", "PackagingFailed", order.PackagingFailed},
		{"ecommerce.delivery", "DeliveryCompleted", order.Fulfilled},
		{"ecommerce.delivery", "DeliveryFailed", order.DeliveryFailed},
	}
}

// A busEvent is what EventBridge delivers, as far as it matters here.
type busEvent struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Resources  []string        `json:"resources"` // the ids of the orders it is about
	Detail     json.RawMessage `json:"detail"`
}

// Invoke handles one event for all the orders that it names. If it fails for any of them, that one keeps no other
// from being written, and the error makes EventBridge's delivery come again: what was done before is then not done
// twice. An event that no retry can mend fails as well, so that it ends in the dead-letter queue and is not lost.
func (h *OnEvents) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := withReserve(ctx)
	defer cancel()
	var event busEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, fmt.Errorf("event is not EventBridge's: %w", err)
	}
	report, ok, err := reportOf(event)
	if !ok {
		h.Log.WarnContext(ctx, "event ignored: unknown source or type",
			slog.String("source", event.Source), slog.String("detailType", event.DetailType))
		return []byte("null"), nil
	}
	if err == nil && len(event.Resources) == 0 {
		err = errors.New("resources names no order")
	}
	if err != nil {
		h.Log.ErrorContext(ctx, "event not handled", slog.String("detailType", event.DetailType), slog.String("error", err.Error()))
		return nil, fmt.Errorf("%s event %s: %w", event.DetailType, event.ID, err)
	}
	return []byte("null"), h.applyToAll(ctx, event, report)
}

func reportOf(event busEvent) (report order.FulfilmentUpdate, known bool, err error) {
	all := FollowedEvents()
	i := slices.IndexFunc(all, func(f FollowedEvent) bool { return f.Source == event.Source && f.DetailType == event.DetailType })
	if i < 0 {
		return order.FulfilmentUpdate{}, false, nil
	}
	report.Status = all[i].Status
	if report.Status == order.Packaged {
		report.Package, err = order.ParsePackageCreated(event.Detail)
	}
	return report, true, err
}

func (h *OnEvents) applyToAll(ctx context.Context, event busEvent, report order.FulfilmentUpdate) error {
	var failures []error
	orderIDs := withoutRepeats(event.Resources)
	for i, orderID := range orderIDs {
		outcome, err := h.apply(ctx, orderID, report, len(orderIDs)-i)
		if err != nil {
			name := cmp.Or(loggable(orderID), "(no order id)")
			h.Log.ErrorContext(ctx, "order does not follow event", slog.String("orderId", name),
				slog.String("detailType", event.DetailType), slog.String("error", err.Error()))
			failures = append(failures, fmt.Errorf("%s of order %s: %w", event.DetailType, name, err))
			continue
		}
		h.tell(ctx, event, orderID, outcome)
	}
	return errors.Join(failures...)
}

// apply lets one order follow, in its part of the time that is left for so many: one whose item hangs, or is throttled
// for long, leaves the others theirs.
func (h *OnEvents) apply(ctx context.Context, orderID string, report order.FulfilmentUpdate, among int) (order.Result, error) {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(among))
		defer cancel()
	}
	return h.Orders.Apply(ctx, orderID, report)
}

func withoutRepeats(all []string) []string {
	var once []string
	for _, each := range all {
		if !slices.Contains(once, each) {
			once = append(once, each)
		}
	}
	return once
}

func (h *OnEvents) tell(ctx context.Context, event busEvent, orderID string, outcome order.Result) {
	log := h.Log.With(slog.String("orderId", orderID), slog.String("detailType", event.DetailType))
	switch {
	case outcome.Unknown != "":
		log.WarnContext(ctx, "order left alone: its status is unknown", slog.String("status", string(outcome.Unknown)))
	case !outcome.Changed:
		log.InfoContext(ctx, "event changes nothing")
	default:
		log.InfoContext(ctx, "order follows event", slog.String("effect", string(outcome.Effect)))
		h.Metrics.Count(ctx, orderID, map[string]int64{metricOf(outcome.Effect): 1})
	}
}

func metricOf(effect order.Status) string {
	switch effect {
	case order.Packaged:
		return MetricOrderPackaged
	case order.Fulfilled:
		return MetricOrderFulfilled
	default:
		return MetricOrderFailed
	}
}
