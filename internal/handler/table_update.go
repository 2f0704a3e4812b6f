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
	// Send puts a message into the queue. The caller retries.
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
// dead-letter queue, and the batch goes on. Only if that queue does not accept the pointer, the
// function fails: the mapping then bisects the batch until the record is alone, retries it, and in
// the end sends a pointer of its own.
func (h *TableUpdate) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := withReserve(ctx)
	defer cancel()
	records, err := parseRecords(payload)
	if err != nil {
		h.Log.ErrorContext(ctx, "publish failed", slog.String("error", err.Error()))
		return nil, err
	}
	b := h.convert(ctx, records)
	for i, record := range records {
		if b.errs[i] == errNotSent {
			h.publish(ctx, b, i)
		}
		err := b.errs[i]
		if err == nil {
			continue
		}
		h.logFailure(ctx, record, err)
		isPermanent := order.KindOf(err) == order.Permanent
		if isPermanent && h.discard(ctx, record, err) {
			b.unblock(i)
			continue
		}
		if record.Change.SequenceNumber == "" || i == 0 && isPermanent {
			return nil, fmt.Errorf("record %q cannot be published: %w", record.Change.SequenceNumber, err)
		}
		return strictjson.Marshal(batchResponse{BatchItemFailures: []batchItemFailure{{record.Change.SequenceNumber}}})
	}
	return strictjson.Marshal(batchResponse{BatchItemFailures: []batchItemFailure{}})
}

// A batch holds stream records with their events, and for each why it has not been published: nil
// once it has been.
type batch struct {
	records []streamRecord
	events  []order.Event // without Type if the record cannot be converted
	errs    []error
}

var errNotSent = errors.New("not sent yet")

// convert converts the records to events. A record that cannot be converted has a permanent
// failure.
func (h *TableUpdate) convert(ctx context.Context, records []streamRecord) *batch {
	b := &batch{records, make([]order.Event, len(records)), make([]error, len(records))}
	for i, record := range records {
		event, err := h.eventOf(record)
		if err != nil {
			b.errs[i] = &order.Error{Kind: order.Permanent, Message: "cannot convert stream record to event", Err: err}
			continue
		}
		event.TraceHeader = h.TraceHeader(ctx)
		b.events[i], b.errs[i] = event, errNotSent
	}
	return b
}

// publish publishes the events that have not been sent, from a position up to the next record that
// cannot be converted. What follows that one must wait, because the stream may yet have to resume
// there.
func (h *TableUpdate) publish(ctx context.Context, b *batch, from int) {
	var positions []int
	var events []order.Event
	for i := from; i < len(b.events) && b.events[i].Type != ""; i++ {
		if b.errs[i] == errNotSent {
			positions, events = append(positions, i), append(events, b.events[i])
		}
	}
	var published int64
	for n, err := range h.Publisher.Publish(ctx, events) {
		i := positions[n]
		if b.errs[i] = err; err == nil {
			published++
		}
		h.logDebug(ctx, b.records[i], events[n], err)
	}
	if published > 0 && h.Metrics != nil {
		h.Metrics.Count(ctx, "", map[string]int64{MetricEventsPublished: published})
	}
}

// unblock marks the later events of a record's order to be sent: they were not, because the record
// failed.
func (b *batch) unblock(failed int) {
	for i := failed + 1; i < len(b.records); i++ {
		if b.errs[i] != nil && b.events[i].Type != "" && b.events[i].OrderID == b.events[failed].OrderID {
			b.errs[i] = errNotSent
		}
	}
}

// A pointer names a stream record, in the format of Lambda's own pointers. Lambda does not tell a
// function the shard: it is one of those whose range contains the sequence number.
type pointer struct {
	Condition string `json:"condition"`
	OrderID   string `json:"orderId,omitempty"`
	Reason    string `json:"reason"`
	Batch     struct {
		Start     string `json:"startSequenceNumber"`
		End       string `json:"endSequenceNumber"`
		Size      int    `json:"batchSize"`
		StreamARN string `json:"streamArn"`
	} `json:"DDBStreamBatchInfo"`
}

// discard sends a pointer to the record to the dead-letter queue, and reports whether the queue
// accepted it. All records before this one are done, so that a retry of the batch does not send the
// pointer again.
func (h *TableUpdate) discard(ctx context.Context, record streamRecord, cause error) bool {
	if h.DeadLetters == nil || record.Change.SequenceNumber == "" {
		return false
	}
	p := pointer{Condition: "PermanentFailure", OrderID: loggable(record.Change.Keys.OrderID.S), Reason: cause.Error()}
	p.Batch.Start, p.Batch.End, p.Batch.Size = record.Change.SequenceNumber, record.Change.SequenceNumber, 1
	p.Batch.StreamARN = record.StreamARN
	message, err := strictjson.Marshal(p)
	if err == nil {
		err = h.DeadLetters.Send(ctx, message)
	}
	if err != nil {
		h.Log.ErrorContext(ctx, "dead letter not sent", slog.String("sequenceNumber", record.Change.SequenceNumber), slog.String("error", err.Error()))
		return false
	}
	h.Log.InfoContext(ctx, "dead letter sent", slog.String("sequenceNumber", record.Change.SequenceNumber))
	return true
}

func (h *TableUpdate) logFailure(ctx context.Context, record streamRecord, err error) {
	h.Log.ErrorContext(ctx, "publish failed", slog.String("orderId", record.Change.Keys.OrderID.S), slog.String("sequenceNumber", record.Change.SequenceNumber),
		slog.String("kind", string(order.KindOf(err))), slog.String("error", err.Error()))
}

// logDebug logs the result of an event at DEBUG. Above that level, only failures have a line,
// because the stream is as busy as all other functions together.
func (h *TableUpdate) logDebug(ctx context.Context, record streamRecord, event order.Event, err error) {
	h.Log.LogAttrs(ctx, slog.LevelDebug, "event sent",
		slog.String("orderId", event.OrderID),
		slog.String("sequenceNumber", record.Change.SequenceNumber),
		slog.String("detailType", string(event.Type)),
		slog.String("result", cmp.Or(string(order.KindOf(err)), "accepted")))
}
