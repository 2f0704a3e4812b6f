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

// OnEvents is the function that applies the fulfilment updates of warehouse and delivery to orders.
type OnEvents struct {
	Orders  *order.Service
	Metrics Metrics
	Log     *slog.Logger
}

// A FulfilmentEvent is a kind of EventBridge event that contains a fulfilment update.
type FulfilmentEvent struct {
	Source, DetailType string
	Status             order.Status // of the update
}

// FulfilmentEvents returns all kinds of events that OnEvents handles, and therefore that the rules
// of the event bus must match.
func FulfilmentEvents() []FulfilmentEvent {
	return []FulfilmentEvent{
		{"ecommerce.warehouse", "PackageCreated", order.Packaged},
		{"ecommerce.warehouse", "PackagingFailed", order.PackagingFailed},
		{"ecommerce.delivery", "DeliveryCompleted", order.Fulfilled},
		{"ecommerce.delivery", "DeliveryFailed", order.DeliveryFailed},
	}
}

// A busEvent is the part of an EventBridge event that is used here.
type busEvent struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Resources  []string        `json:"resources"` // order IDs
	Detail     json.RawMessage `json:"detail"`
}

// Invoke applies one event to all orders that it names. An order that fails does not prevent the
// others from being written; the error makes Lambda retry the event, which does not repeat what was
// written before. An event that no retry can fix fails as well, so that it ends in the dead-letter
// queue and is not lost.
func (h *OnEvents) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := withReserve(ctx)
	defer cancel()
	var event busEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, fmt.Errorf("not an EventBridge event: %w", err)
	}
	update, ok, err := updateOf(event)
	if !ok {
		h.Log.WarnContext(ctx, "event ignored", slog.String("reason", "unknown_type"),
			slog.String("source", event.Source), slog.String("detailType", event.DetailType))
		return []byte("null"), nil
	}
	if err == nil && len(event.Resources) == 0 {
		err = errors.New("resources must name an order")
	}
	if err != nil {
		h.Log.ErrorContext(ctx, "fulfilment update failed", slog.String("detailType", event.DetailType), slog.String("error", err.Error()))
		return nil, fmt.Errorf("%s event %s: %w", event.DetailType, event.ID, err)
	}
	return []byte("null"), h.applyToAll(ctx, event, update)
}

func updateOf(event busEvent) (update order.FulfilmentUpdate, known bool, err error) {
	all := FulfilmentEvents()
	i := slices.IndexFunc(all, func(f FulfilmentEvent) bool { return f.Source == event.Source && f.DetailType == event.DetailType })
	if i < 0 {
		return order.FulfilmentUpdate{}, false, nil
	}
	update.Status = all[i].Status
	if update.Status == order.Packaged {
		update.Package, err = order.ParsePackageCreated(event.Detail)
	}
	return update, true, err
}

func (h *OnEvents) applyToAll(ctx context.Context, event busEvent, update order.FulfilmentUpdate) error {
	var failures []error
	orderIDs := withoutDuplicates(event.Resources)
	for i, orderID := range orderIDs {
		result, err := h.apply(ctx, orderID, update, len(orderIDs)-i)
		if err != nil {
			name := cmp.Or(loggable(orderID), "(not an order ID)")
			h.Log.ErrorContext(ctx, "fulfilment update failed", slog.String("orderId", name),
				slog.String("detailType", event.DetailType), slog.String("error", err.Error()))
			failures = append(failures, fmt.Errorf("%s of order %s: %w", event.DetailType, name, err))
			continue
		}
		h.logResult(ctx, event, orderID, result)
	}
	return errors.Join(failures...)
}

// apply applies the update to one order, within its share of the time that is left for so many, so
// that a slow order does not use up the time of the others.
func (h *OnEvents) apply(ctx context.Context, orderID string, update order.FulfilmentUpdate, remaining int) (order.Result, error) {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(remaining))
		defer cancel()
	}
	return h.Orders.Apply(ctx, orderID, update)
}

func withoutDuplicates(all []string) []string {
	var unique []string
	for _, each := range all {
		if !slices.Contains(unique, each) {
			unique = append(unique, each)
		}
	}
	return unique
}

func (h *OnEvents) logResult(ctx context.Context, event busEvent, orderID string, result order.Result) {
	log := h.Log.With(slog.String("orderId", orderID), slog.String("detailType", event.DetailType))
	switch {
	case result.Unknown != "":
		log.WarnContext(ctx, "fulfilment update ignored", slog.String("reason", "unknown_status"), slog.String("status", string(result.Unknown)))
	case !result.Changed:
		log.InfoContext(ctx, "fulfilment update ignored", slog.String("reason", "stale"))
	default:
		log.InfoContext(ctx, "fulfilment update applied", slog.String("effect", string(result.Effect)))
		h.Metrics.Count(ctx, orderID, map[string]int64{metricOf(result.Effect): 1})
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
