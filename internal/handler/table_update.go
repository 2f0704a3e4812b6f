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

// TableUpdate is the function that announces every change of the table on the event bus. The table's stream is its
// outbox: the stream goes on only behind what the bus has accepted, so no event is lost.
type TableUpdate struct {
	Publisher order.Publisher
	// Image reads an image of the table's stream: attributes with their DynamoDB types.
	Image func(stream json.RawMessage) (order.Image, error)
	// TraceHeader is X-Ray's header of the trace that ctx belongs to, empty if there is none.
	TraceHeader func(ctx context.Context) string
	Log         *slog.Logger
}

// A streamRecord is one change of the table as its stream tells of it.
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

// A batchAnswer tells the event source mapping where to go on: at the lowest sequence number listed, or behind the
// batch if none is.
type batchAnswer struct {
	BatchItemFailures []batchItemFailure `json:"batchItemFailures"`
}

type batchItemFailure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// Invoke announces a batch of changes. It answers with the sequence number of the first record that was not sent;
// the mapping then hands it over again, with all after it. Where a record that can never be sent heads the batch,
// it fails as a function instead: the mapping halves the batch, down to that record alone, gives up on it after
// bounded retries with a pointer in the dead-letter queue, and the others go on.
func (h *TableUpdate) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := withReserve(ctx)
	defer cancel()
	var batch struct{ Records []streamRecord }
	if err := json.Unmarshal(payload, &batch); err != nil {
		return nil, fmt.Errorf("batch is not a stream's: %w", err)
	}
	first, err := h.announce(ctx, batch.Records)
	if err == nil {
		return strictjson.Marshal(batchAnswer{BatchItemFailures: []batchItemFailure{}})
	}
	record := batch.Records[first]
	h.Log.ErrorContext(ctx, "change not announced", slog.String("orderId", record.Change.Keys.OrderID.S),
		slog.String("sequenceNumber", record.Change.SequenceNumber), slog.String("kind", string(order.KindOf(err))), slog.String("error", err.Error()))
	if record.Change.SequenceNumber == "" || first == 0 && order.KindOf(err) == order.Permanent {
		return nil, fmt.Errorf("record %q can never be sent: %w", record.Change.SequenceNumber, err)
	}
	return strictjson.Marshal(batchAnswer{BatchItemFailures: []batchItemFailure{{record.Change.SequenceNumber}}})
}

// announce sends the records before the first that makes no event, and returns the first that was not sent, and why.
func (h *TableUpdate) announce(ctx context.Context, records []streamRecord) (first int, err error) {
	events := make([]order.Event, 0, len(records))
	var unsendable error
	for _, record := range records {
		event, err := h.eventOf(record)
		if err != nil {
			unsendable = &order.Error{Kind: order.Permanent, Message: "The record makes no event", Err: err}
			break
		}
		event.TraceHeader = h.TraceHeader(ctx)
		events = append(events, event)
	}
	if len(events) > 0 {
		results := h.Publisher.Publish(ctx, events)
		h.tell(ctx, records, events, results)
		for i, err := range results {
			if err != nil {
				return i, err
			}
		}
	}
	return len(events), unsendable
}

// tell writes down at DEBUG what became of each change that makes an event. Otherwise a batch has a line only where it
// is stuck: a stream is as busy as all functions together.
func (h *TableUpdate) tell(ctx context.Context, records []streamRecord, events []order.Event, results []error) {
	if !h.Log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	for i, event := range events {
		h.Log.LogAttrs(ctx, slog.LevelDebug, "change handed to the bus",
			slog.String("orderId", event.OrderID),
			slog.String("sequenceNumber", records[i].Change.SequenceNumber),
			slog.String("detailType", string(event.Type)),
			slog.String("outcome", cmp.Or(string(order.KindOf(results[i])), "accepted")))
	}
}

func (h *TableUpdate) eventOf(record streamRecord) (event order.Event, err error) {
	event.OrderID = record.Change.Keys.OrderID.S
	if event.OrderID == "" {
		return event, errors.New("its keys name no order")
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
