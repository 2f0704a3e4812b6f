package handler_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/handler"
	"orders/internal/order"
)

// A deadLetterQueue is a fake of the queue. It fails as long as it has errors.
type deadLetterQueue struct {
	messages []string
	errs     []error // one for each of the next messages; nil means none
}

func (q *deadLetterQueue) Send(_ context.Context, message []byte) error {
	if len(q.errs) > 0 {
		err := q.errs[0]
		if q.errs = q.errs[1:]; err != nil {
			return err
		}
	}
	q.messages = append(q.messages, string(message))
	return nil
}

// sequenceNumbers returns the records that the messages point to.
func (q *deadLetterQueue) sequenceNumbers(t require.TestingT) []string {
	found := []string{}
	for _, message := range q.messages {
		var pointer struct {
			Batch struct{ StartSequenceNumber, EndSequenceNumber string } `json:"DDBStreamBatchInfo"`
		}
		require.NoError(t, json.Unmarshal([]byte(message), &pointer))
		require.Equal(t, pointer.Batch.StartSequenceNumber, pointer.Batch.EndSequenceNumber)
		found = append(found, pointer.Batch.StartSequenceNumber)
	}
	return found
}

// A picky bus is a fake Publisher that rejects events for ever if their detail says so, and fails
// to take some others.
type pickyBus struct {
	accepted []string // details
	faults   []bool   // whether each of the next events fails; none means no
}

func (b *pickyBus) Publish(_ context.Context, events []order.Event) []error {
	results, failed := make([]error, len(events)), map[string]error{}
	for i, e := range events {
		if results[i] = failed[e.OrderID]; results[i] == nil {
			results[i] = b.accept(e)
			failed[e.OrderID] = results[i] // the later events of the order are not sent
		}
	}
	return results
}

func (b *pickyBus) accept(e order.Event) error {
	if strings.Contains(string(e.Detail), "poison") {
		return &order.Error{Kind: order.Permanent, Message: "MalformedDetail"}
	}
	if len(b.faults) > 0 {
		fails := b.faults[0]
		if b.faults = b.faults[1:]; fails {
			return &order.Error{Kind: order.Unavailable, Message: "throttled"}
		}
	}
	b.accepted = append(b.accepted, string(e.Detail))
	return nil
}

func discarding(b *pickyBus, q *deadLetterQueue, output *bytes.Buffer) *handler.TableUpdate {
	h := tableUpdate(nil, output)
	h.Publisher, h.DeadLetters = b, q
	return h
}

func insert(orderID, sequenceNumber, detail string) string {
	return record("INSERT", orderID, sequenceNumber, "", fmt.Sprintf(`{"n":%q}`, sequenceNumber+detail))
}

func TestAPermanentFailureHoldsUpNothing(t *testing.T) {
	var output bytes.Buffer
	b, q := &pickyBus{}, &deadLetterQueue{}
	h := discarding(b, q, &output)
	counted := &counter{}
	h.Metrics = counted
	response, err := h.Invoke(t.Context(), batch(
		insert("a", "1", ""), insert("a", "2", "poison"), insert("b", "3", ""), insert("a", "4", ""), insert("a", "5", "poison"),
		record("UPSERT", "b", "6", "", `{"x":"s3cret"}`), insert("a", "7", ""), insert("b", "8", ""),
	))
	require.NoError(t, err)
	require.JSONEq(t, `{"batchItemFailures":[]}`, string(response))
	require.ElementsMatch(t, []string{`{"n":"1"}`, `{"n":"3"}`, `{"n":"4"}`, `{"n":"7"}`, `{"n":"8"}`}, b.accepted)
	require.Equal(t, []string{"2", "5", "6"}, q.sequenceNumbers(t))
	require.Equal(t, map[string]int64{"eventsPublished": 5}, counted.counts)
	require.Equal(t, 3, strings.Count(output.String(), `"level":"ERROR","msg":"publish failed"`))
	require.Equal(t, 3, strings.Count(output.String(), `"msg":"dead letter sent"`))
	require.NotContains(t, output.String(), "s3cret")
}

func TestAPointerNamesTheRecord(t *testing.T) {
	const orderID = "6f1d0c3e-52a4-4b0e-9c57-0d8f6f1b7a21"
	q := &deadLetterQueue{}
	poison := strings.Replace(record("UPSERT", orderID, "101", "", `{"x":"s3cret"}`), `{"eventName"`, `{"eventSourceARN":"arn:stream","eventName"`, 1)
	_, err := discarding(&pickyBus{}, q, &bytes.Buffer{}).Invoke(t.Context(), batch(poison))
	require.NoError(t, err)
	require.JSONEq(t, `{"condition": "PermanentFailure", "orderId": "`+orderID+`",
		"reason": "cannot convert stream record to event: unknown event name \"UPSERT\"",
		"DDBStreamBatchInfo": {"startSequenceNumber": "101", "endSequenceNumber": "101", "batchSize": 1, "streamArn": "arn:stream"}}`, q.messages[0])
}

func TestWithoutTheDeadLetterQueueTheMappingIsolatesTheRecord(t *testing.T) {
	for name, set := range map[string]func(*handler.TableUpdate){
		"no queue": func(h *handler.TableUpdate) { h.DeadLetters = nil },
		"queue fails": func(h *handler.TableUpdate) {
			h.DeadLetters = &deadLetterQueue{errs: slices.Repeat([]error{errors.New("AccessDenied")}, 2)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := discarding(&pickyBus{}, nil, &bytes.Buffer{})
			set(h)
			response, err := h.Invoke(t.Context(), batch(insert("a", "1", ""), insert("b", "2", "poison")))
			require.NoError(t, err)
			require.JSONEq(t, `{"batchItemFailures":[{"itemIdentifier":"2"}]}`, string(response))
			_, err = h.Invoke(t.Context(), batch(insert("b", "2", "poison"), insert("a", "3", "")))
			require.ErrorContains(t, err, `record "2" cannot be published`)
		})
	}
}

// A mapping that resumes where the response says loses nothing, keeps the events of an order in
// their order, and discards only what can never be published, once.
func TestEveryRecordIsPublishedOrDiscarded(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var records, good, poison []string
		for i := range rapid.IntRange(1, 30).Draw(rt, "records") {
			id, n := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, "order"), fmt.Sprintf("%03d", i)
			switch rapid.IntRange(0, 5).Draw(rt, "kind") {
			case 0:
				records, poison = append(records, insert(id, n, "poison")), append(poison, n)
			case 1:
				records, poison = append(records, record("UPSERT", id, n, "", `{}`)), append(poison, n)
			default:
				records, good = append(records, insert(id, n, id)), append(good, fmt.Sprintf(`{"n":%q}`, n+id))
			}
		}
		b := &pickyBus{faults: rapid.SliceOfN(rapid.Bool(), 0, 60).Draw(rt, "faults")}
		q := &deadLetterQueue{errs: rapid.SliceOfN(rapid.SampledFrom([]error{nil, errors.New("throttled")}), 0, 20).Draw(rt, "queue faults")}
		h := discarding(b, q, &bytes.Buffer{})
		for invocations := 0; len(records) > 0; invocations++ {
			require.Less(rt, invocations, 100)
			out, err := h.Invoke(context.Background(), batch(records...))
			if err != nil {
				continue // the mapping retries the batch, or halves of it
			}
			var response struct {
				BatchItemFailures []struct{ ItemIdentifier string }
			}
			require.NoError(rt, json.Unmarshal(out, &response))
			if len(response.BatchItemFailures) == 0 {
				break
			}
			failed := response.BatchItemFailures[0].ItemIdentifier
			records = records[slices.IndexFunc(records, func(r string) bool {
				return strings.Contains(r, fmt.Sprintf(`"SequenceNumber":%q`, failed))
			}):]
		}
		require.Equal(rt, append([]string{}, poison...), q.sequenceNumbers(rt))
		first := map[string]bool{}
		var inOrder []string
		for _, detail := range b.accepted {
			if !first[detail] {
				first[detail], inOrder = true, append(inOrder, detail)
			}
		}
		byOrder := func(all []string) map[byte][]string {
			found := map[byte][]string{}
			for _, detail := range all {
				id := detail[len(detail)-3]
				found[id] = append(found[id], detail)
			}
			return found
		}
		require.Equal(rt, byOrder(good), byOrder(inOrder))
	})
}
