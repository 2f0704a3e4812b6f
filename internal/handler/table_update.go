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
// table's stream is the outbox: it advances only past records whose events the bus has accepted, or
// that can never be published, so that no event is lost.
type TableUpdate struct {
	Publisher order.Publisher
	// Image parses an image of the table's stream, which consists of attributes with their DynamoDB
	// types.
	Image func(stream json.RawMessage) (order.Image, error)
	// TraceHeader returns the X-Ray header of ctx's trace, or "".
	TraceHeader func(ctx context.Context) string
	DeadLetters DeadLetters // nil leaves permanent failures to the mapping
	Metrics     Metrics     // may be nil
	Log         *slog.Logger
}

// DeadLetters is the dead-letter queue for records that can never be published.
type DeadLetters interface {
	// Send puts a message into the queue, with one attempt: if it fails, the mapping retries the
	// batch.
	Send(ctx context.Context, message []byte) error
}

// A batchResponse tells an event source mapping which items of a batch failed. A stream resumes at
// the lowest sequence number in it, or after the batch if there is none.
type batchResponse struct {
	BatchItemFailures []batchItemFailure `json:"batchItemFailures"`
}

type batchItemFailure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// Invoke publishes the events of a batch of stream records. Its response names the first record
// that was not published, and the mapping repeats that one and all after it.
//
// A record with a permanent failure does not hold up the others: a pointer to it goes to the
// dead-letter queue, and the batch goes on. If that queue does not accept the pointer, the next
// batch begins with the record. If it is still not accepted then, the function fails: the mapping
// bisects the batch until the record is alone, retries it, and in the end sends a pointer of its
// own.
func (h *TableUpdate) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := withReserve(ctx)
	defer cancel()
	records, err := parseRecords(payload)
	if err != nil {
		h.Log.ErrorContext(ctx, "publish failed", slog.String("error", err.Error()))
		return nil, err
	}
	batch := h.convert(ctx, records)
	for i := range batch {
		if batch[i].err == errNotSent {
			h.publish(ctx, batch[i:])
		}
		item := batch[i]
		if item.err == nil {
			continue
		}
		h.logFailure(ctx, item.record, item.err)
		isPermanent := order.KindOf(item.err) == order.Permanent
		if isPermanent && h.discard(ctx, item.record, item.err) {
			unblock(batch[i+1:], item.event.OrderID)
			continue
		}
		number := item.record.DynamoDB.SequenceNumber
		if number == "" || i == 0 && isPermanent { // the mapping bisects the batch only if the function fails
			return nil, fmt.Errorf("record %q cannot be published: %w", number, item.err)
		}
		return strictjson.Marshal(batchResponse{BatchItemFailures: []batchItemFailure{{number}}})
	}
	return strictjson.Marshal(batchResponse{BatchItemFailures: []batchItemFailure{}})
}

// A batchItem is a stream record on its way to the event bus.
type batchItem struct {
	record streamRecord
	event  order.Event // without Type if the record cannot be converted
	err    error       // errNotSent, then nil once the event is published, or why it is not
}

var errNotSent = errors.New("not sent yet")

// convert converts the records to events. A record that cannot be converted has a permanent
// failure.
func (h *TableUpdate) convert(ctx context.Context, records []streamRecord) []batchItem {
	batch := make([]batchItem, len(records))
	for i, record := range records {
		event, err := h.eventOf(record)
		if err != nil {
			err = &order.Error{Kind: order.Permanent, Message: "cannot convert stream record to event", Err: err}
			batch[i] = batchItem{record: record, err: err}
			continue
		}
		event.TraceHeader = h.TraceHeader(ctx)
		batch[i] = batchItem{record, event, errNotSent}
	}
	return batch
}

// publish publishes the events that have not been sent, up to the next record that cannot be
// converted. What follows that one must wait, because the stream may yet have to resume there.
func (h *TableUpdate) publish(ctx context.Context, batch []batchItem) {
	var items []*batchItem
	var events []order.Event
	for i := range batch {
		if batch[i].event.Type == "" {
			break
		}
		if batch[i].err == errNotSent {
			items, events = append(items, &batch[i]), append(events, batch[i].event)
		}
	}
	var published int64
	for i, err := range h.Publisher.Publish(ctx, events) {
		if items[i].err = err; err == nil {
			published++
		}
		h.logDebug(ctx, items[i])
	}
	if published > 0 && h.Metrics != nil {
		h.Metrics.Count(ctx, "", map[string]int64{MetricEventsPublished: published})
	}
}

// unblock marks an order's later events to be sent: they were not, because an earlier one failed.
func unblock(later []batchItem, orderID string) {
	for i := range later {
		if item := &later[i]; item.err != nil && item.event.Type != "" && item.event.OrderID == orderID {
			item.err = errNotSent
		}
	}
}

// A pointer names a stream record, in the format of Lambda's own pointers.
type pointer struct {
	Condition string    `json:"condition"`
	OrderID   string    `json:"orderId,omitempty"`
	Reason    string    `json:"reason"`
	Batch     BatchInfo `json:"DDBStreamBatchInfo"`
}

// BatchInfo is the part of a pointer in a dead-letter queue that says which stream records were not
// published. Lambda does not tell a function the shard: without one, it is one of those whose range
// contains the sequence numbers.
type BatchInfo struct {
	ShardID   string `json:"shardId,omitempty"`
	Start     string `json:"startSequenceNumber"`
	End       string `json:"endSequenceNumber"`
	Size      int    `json:"batchSize"`
	StreamARN string `json:"streamArn"`
}

// discard sends a pointer to the record to the dead-letter queue, and reports whether the queue
// accepted it. All records before this one are done, so that a retry of the batch does not send the
// pointer again.
func (h *TableUpdate) discard(ctx context.Context, record streamRecord, cause error) bool {
	number := record.DynamoDB.SequenceNumber
	if h.DeadLetters == nil || number == "" {
		return false
	}
	p := pointer{Condition: "PermanentFailure", OrderID: loggable(record.DynamoDB.Keys.OrderID.S), Reason: cause.Error()}
	p.Batch = BatchInfo{Start: number, End: number, Size: 1, StreamARN: record.StreamARN}
	message, err := strictjson.Marshal(p)
	if err == nil {
		err = h.DeadLetters.Send(ctx, message)
	}
	if err != nil {
		h.Log.ErrorContext(ctx, "dead letter not sent", slog.String("sequenceNumber", number), slog.String("error", err.Error()))
		return false
	}
	h.Log.InfoContext(ctx, "dead letter sent", slog.String("sequenceNumber", number))
	return true
}

func (h *TableUpdate) logFailure(ctx context.Context, record streamRecord, err error) {
	h.Log.ErrorContext(ctx, "publish failed", slog.String("orderId", record.DynamoDB.Keys.OrderID.S), slog.String("sequenceNumber", record.DynamoDB.SequenceNumber),
		slog.String("kind", string(order.KindOf(err))), slog.String("error", err.Error()))
}

// logDebug logs the result of an event at DEBUG. Above that level, only failures have a line,
// because the stream is as busy as all other functions together.
func (h *TableUpdate) logDebug(ctx context.Context, item *batchItem) {
	h.Log.LogAttrs(ctx, slog.LevelDebug, "event sent",
		slog.String("orderId", item.event.OrderID),
		slog.String("sequenceNumber", item.record.DynamoDB.SequenceNumber),
		slog.String("detailType", string(item.event.Type)),
		slog.String("result", cmp.Or(string(order.KindOf(item.err)), "accepted")))
}
