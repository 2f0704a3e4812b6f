package handler

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"orders/internal/order"
	"orders/internal/strictjson"
)

// TableUpdate is the function that publishes every change of the table on the event bus. The
// table's stream is the outbox: it advances only past records whose events the bus has accepted, so
// that no event is lost.
type TableUpdate struct {
	Publisher order.Publisher
	// Image parses an image of the table's stream, which consists of attributes with their DynamoDB
	// types.
	Image func(stream json.RawMessage) (order.Image, error)
	// TraceHeader returns the X-Ray header of ctx's trace, or "".
	TraceHeader func(ctx context.Context) string
	Log         *slog.Logger
}

// A streamRecord is the part of a stream record that is used here.
type streamRecord struct {
	EventName string `json:"eventName"`
	Change    struct {
		SequenceNumber string
		Keys           struct {
			OrderID struct{ S string } `json:"orderId"`
		}
		OldImage, NewImage json.RawMessage
	} `json:"dynamodb"`
}

// A batchResponse tells the event source mapping where to resume: at the lowest sequence number in
// it, or after the batch if there is none.
type batchResponse struct {
	BatchItemFailures []batchItemFailure `json:"batchItemFailures"`
}

type batchItemFailure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// Invoke publishes the events of a batch of stream records. Its response names the first record
// that was not published, and the mapping repeats that one and all after it. If the first record of
// the batch has a permanent failure, the function fails: the mapping then bisects the batch until
// that record is alone, sends a pointer to it to the dead-letter queue after bounded retries, and
// goes on with the others.
func (h *TableUpdate) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := withReserve(ctx)
	defer cancel()
	var batch struct{ Records []streamRecord }
	if err := json.Unmarshal(payload, &batch); err != nil {
		return nil, fmt.Errorf("not a batch of stream records: %w", err)
	}
	first, err := h.publish(ctx, batch.Records)
	if err == nil {
		return strictjson.Marshal(batchResponse{BatchItemFailures: []batchItemFailure{}})
	}
	record := batch.Records[first]
	h.Log.ErrorContext(ctx, "publish failed", slog.String("orderId", record.Change.Keys.OrderID.S),
		slog.String("sequenceNumber", record.Change.SequenceNumber), slog.String("kind", string(order.KindOf(err))), slog.String("error", err.Error()))
	if record.Change.SequenceNumber == "" || first == 0 && order.KindOf(err) == order.Permanent {
		return nil, fmt.Errorf("record %q cannot be published: %w", record.Change.SequenceNumber, err)
	}
	return strictjson.Marshal(batchResponse{BatchItemFailures: []batchItemFailure{{record.Change.SequenceNumber}}})
}

// publish publishes the records before the first that cannot be converted to an event. It returns
// the position of the first record that was not published, and why.
func (h *TableUpdate) publish(ctx context.Context, records []streamRecord) (first int, err error) {
	events := make([]order.Event, 0, len(records))
	var conversionErr error
	for _, record := range records {
		event, err := h.eventOf(record)
		if err != nil {
			conversionErr = &order.Error{Kind: order.Permanent, Message: "cannot convert stream record to event", Err: err}
			break
		}
		event.TraceHeader = h.TraceHeader(ctx)
		events = append(events, event)
	}
	if len(events) > 0 {
		results := h.Publisher.Publish(ctx, events)
		h.logDebug(ctx, records, events, results)
		for i, err := range results {
			if err != nil {
				return i, err
			}
		}
	}
	return len(events), conversionErr
}

// logDebug logs the result of each event at DEBUG. Above that level, only a failed batch has a
// line, because the stream is as busy as all other functions together.
func (h *TableUpdate) logDebug(ctx context.Context, records []streamRecord, events []order.Event, results []error) {
	if !h.Log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	for i, event := range events {
		h.Log.LogAttrs(ctx, slog.LevelDebug, "event sent",
			slog.String("orderId", event.OrderID),
			slog.String("sequenceNumber", records[i].Change.SequenceNumber),
			slog.String("detailType", string(event.Type)),
			slog.String("result", cmp.Or(string(order.KindOf(results[i])), "accepted")))
	}
}

func (h *TableUpdate) eventOf(record streamRecord) (event order.Event, err error) {
	event.OrderID = record.Change.Keys.OrderID.S
	if event.OrderID == "" {
		return event, errors.New("its keys must contain orderId")
	}
	switch record.EventName {
	case "INSERT":
		event.Type = order.OrderCreated
		event.Detail, err = h.detail(record.Change.NewImage)
	case "MODIFY":
		event.Type = order.OrderModified
		event.Detail, err = h.modification(record)
	case "REMOVE":
		event.Type = order.OrderDeleted
		event.Detail, err = h.detail(record.Change.OldImage)
	default:
		err = fmt.Errorf("unknown event name %q", record.EventName)
	}
	return event, err
}

func (h *TableUpdate) detail(stream json.RawMessage) (json.RawMessage, error) {
	image, err := h.Image(stream)
	if err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	return image.JSON(), nil
}

func (h *TableUpdate) modification(record streamRecord) (json.RawMessage, error) {
	before, err := h.Image(record.Change.OldImage)
	if err != nil {
		return nil, fmt.Errorf("old image: %w", err)
	}
	after, err := h.Image(record.Change.NewImage)
	if err != nil {
		return nil, fmt.Errorf("new image: %w", err)
	}
	return strictjson.Marshal(order.Modification{Old: before.JSON(), New: after.JSON(), Changed: order.Changed(before, after)})
}
