package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"orders/internal/order"
	"orders/internal/strictjson"
)

// OnEvents is the function that applies the fulfilment updates of warehouse and delivery to orders.
type OnEvents struct {
	Orders     *order.Service
	Metrics    Metrics
	UpdateAges UpdateAges // may be nil
	Log        *slog.Logger
	Now        func() time.Time // nil means time.Now
}

// UpdateAges records the age of fulfilment updates that fail and will be retried. It must be safe
// for concurrent use.
type UpdateAges interface {
	// RecordUpdateAge records the time since an update was sent to the queue.
	RecordUpdateAge(ctx context.Context, age time.Duration)
}

// An sqsMessage is the part of an SQS message that is used here.
type sqsMessage struct {
	ID         string `json:"messageId"`
	Body       string `json:"body"` // an EventBridge event
	Attributes struct {
		SentTimestamp string // milliseconds since 1970
	} `json:"attributes"`
}

// Invoke applies the fulfilment updates of a batch of SQS messages. Its response names exactly the
// messages that failed, which SQS delivers again, and moves to the dead-letter queue in the end.
// That holds for messages that no retry can fix as well, so that they are not lost. An update that
// is applied twice changes nothing the second time.
//
// Invoke also accepts one EventBridge event, and then fails if the update does.
func (h *OnEvents) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := withReserve(ctx)
	defer cancel()
	members, err := strictjson.Members(payload)
	if err != nil {
		return nil, h.rejectEnvelope(ctx, err)
	}
	if records, ok := members["Records"]; ok {
		return h.applyBatch(ctx, records)
	}
	update := h.parse(ctx, payload)
	h.apply(ctx, []*fulfilmentUpdate{update})
	if err := update.err(); err != nil {
		return nil, err
	}
	return []byte("null"), nil
}

func (h *OnEvents) applyBatch(ctx context.Context, records json.RawMessage) ([]byte, error) {
	var messages []sqsMessage
	err := json.Unmarshal(records, &messages)
	if _, mistyped := errors.AsType[*json.UnmarshalTypeError](err); messages == nil || err != nil && !mistyped {
		return nil, h.rejectEnvelope(ctx, errors.New("/Records: must be an array of SQS messages"))
	}
	updates := make([]*fulfilmentUpdate, len(messages))
	for i, m := range messages {
		if m.ID == "" { // without it, SQS could not be told that the message failed
			return nil, h.rejectEnvelope(ctx, fmt.Errorf("/Records/%d/messageId: must be a string that is not empty", i))
		}
		updates[i] = h.parse(ctx, []byte(m.Body))
	}
	h.apply(ctx, updates)
	response := batchResponse{BatchItemFailures: []batchItemFailure{}}
	for i, m := range messages {
		if updates[i].err() != nil {
			response.BatchItemFailures = append(response.BatchItemFailures, batchItemFailure{m.ID})
			h.recordAge(ctx, m)
		}
	}
	return strictjson.Marshal(response)
}

// rejectEnvelope logs that the payload is neither a batch nor an event, and returns the error.
func (h *OnEvents) rejectEnvelope(ctx context.Context, err error) error {
	err = fmt.Errorf("neither SQS messages nor an EventBridge event: %w", err)
	h.Log.ErrorContext(ctx, "fulfilment update failed", slog.String("error", err.Error()))
	return err
}

func (h *OnEvents) recordAge(ctx context.Context, m sqsMessage) {
	sent, err := strconv.ParseInt(m.Attributes.SentTimestamp, 10, 64)
	if err != nil || h.UpdateAges == nil {
		return
	}
	now := time.Now
	if h.Now != nil {
		now = h.Now
	}
	h.UpdateAges.RecordUpdateAge(ctx, now().Sub(time.UnixMilli(sent)))
}

// parse parses an EventBridge event. It logs an event that is not a fulfilment update, which is
// ignored, and one that cannot be read, which fails.
func (h *OnEvents) parse(ctx context.Context, data []byte) *fulfilmentUpdate {
	u, err := parseUpdate(data)
	switch {
	case err != nil:
		u.fail(err)
		h.Log.ErrorContext(ctx, "fulfilment update failed",
			slog.String("detailType", shorten(u.detailType)), slog.String("error", err.Error()))
	case !u.known:
		h.Log.WarnContext(ctx, "event ignored", slog.String("reason", "unknown_type"),
			slog.String("source", shorten(u.source)), slog.String("detailType", shorten(u.detailType)))
	}
	return u
}

// shorten bounds a text that others have chosen.
func shorten(text string) string { return text[:min(len(text), 128)] }

// apply applies the updates to all their orders.
func (h *OnEvents) apply(ctx context.Context, updates []*fulfilmentUpdate) {
	var tasks []func(context.Context)
	for _, u := range updates {
		for _, orderID := range u.orderIDs {
			tasks = append(tasks, func(ctx context.Context) { h.applyTo(ctx, orderID, u) })
		}
	}
	runAll(ctx, tasks)
}

// applyTo applies an update to one order, and logs and counts the result.
func (h *OnEvents) applyTo(ctx context.Context, orderID string, u *fulfilmentUpdate) {
	name := loggable(orderID)
	if name == "" {
		name = "(not an order ID)"
	}
	log := h.Log.With(slog.String("orderId", name), slog.String("detailType", u.detailType))
	result, err := h.Orders.Apply(ctx, orderID, u.update)
	switch {
	case err != nil:
		u.fail(fmt.Errorf("%s of order %s: %w", u.detailType, name, err))
		log.ErrorContext(ctx, "fulfilment update failed", slog.String("error", err.Error()))
	case !result.Status.Known():
		log.WarnContext(ctx, "fulfilment update ignored", slog.String("reason", "unknown_status"), slog.String("status", string(result.Status)))
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
