package handler_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/handler"
	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// deliver invokes the function with a batch of SQS messages, and returns the IDs of those that
// failed.
func (s *shop) deliver(t require.TestingT, bodies map[string][]byte) []string {
	return s.deliverWithin(t, context.Background(), bodies)
}

func (s *shop) deliverWithin(t require.TestingT, ctx context.Context, bodies map[string][]byte) []string {
	messages := []map[string]any{}
	for _, id := range slices.Sorted(maps.Keys(bodies)) {
		messages = append(messages, map[string]any{
			"messageId": id, "body": string(bodies[id]), "eventSource": "aws:sqs", "receiptHandle": "handle",
			"attributes": map[string]string{"SentTimestamp": "1769165629131", "ApproximateReceiveCount": "1"},
		})
	}
	payload, err := json.Marshal(map[string]any{"Records": messages})
	require.NoError(t, err)
	h := onEvents(s)
	h.UpdateAges, h.Now = &s.ages, func() time.Time { return time.UnixMilli(1769165629131).Add(90 * time.Second) }
	out, err := h.Invoke(ctx, payload)
	require.NoError(t, err)
	var response struct {
		BatchItemFailures []struct{ ItemIdentifier string }
	}
	require.NoError(t, json.Unmarshal(out, &response))
	failed := []string{}
	for _, f := range response.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	return failed
}

// ages records the ages of updates that failed.
type ages struct {
	mu  sync.Mutex
	all []time.Duration
}

func (a *ages) RecordUpdateAge(_ context.Context, age time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, age)
}

func TestExactlyTheMessagesThatFailedAreReported(t *testing.T) {
	s := newShop()
	a, b := s.stored(t), s.stored(t)
	failed := s.deliver(t, map[string][]byte{
		"applied":   busEvent("ecommerce.delivery", "DeliveryCompleted", `{}`, a.OrderID),
		"ignored":   busEvent("ecommerce.orders", "OrderCreated", `{}`, a.OrderID),
		"not found": busEvent("ecommerce.delivery", "DeliveryFailed", `{}`, order.IDFor("none")),
		"partly":    busEvent("ecommerce.delivery", "DeliveryFailed", `{}`, order.IDFor("none"), b.OrderID),
		"poison":    []byte(`{`),
	})
	require.Equal(t, []string{"not found", "partly", "poison"}, failed)
	require.Equal(t, order.Fulfilled, s.get(t, a.OrderID).Status)
	require.Equal(t, order.DeliveryFailed, s.get(t, b.OrderID).Status)
	require.Equal(t, []time.Duration{90 * time.Second, 90 * time.Second, 90 * time.Second}, s.ages.all)
}

// The messages of a batch are applied at the same time, and each in a fair share of the time.
func TestABatchIsAppliedConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop()
		bodies, hanging := map[string][]byte{}, map[string]bool{}
		var want []string
		for i := range 30 {
			o := s.stored(t)
			id := fmt.Sprintf("m%02d", i)
			bodies[id] = busEvent("ecommerce.delivery", "DeliveryCompleted", `{}`, o.OrderID)
			if i%3 == 0 {
				hanging[o.OrderID] = true
				want = append(want, id)
			}
		}
		s.store.Faults = func(_ memory.Op, orderID string) memory.Fault {
			if hanging[orderID] {
				return memory.Hang
			}
			return memory.None
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		require.Equal(t, want, s.deliverWithin(t, ctx, bodies))
	})
}

// Whatever fails: messages that were not reported are applied, and deliveries that go on until none
// is reported apply all that can be.
func TestRedeliveryAppliesEveryUpdate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newShop()
		orders := []order.Order{ordertest.Sample(), ordertest.Sample(), ordertest.Sample()}
		for _, o := range orders {
			_, err := s.store.Create(context.Background(), o)
			require.NoError(rt, err)
		}
		kinds := handler.FulfilmentEvents()
		queue, poison, highest := map[string][]byte{}, []string{}, map[string]order.Status{}
		for i := range rapid.IntRange(1, 10).Draw(rt, "messages") {
			id := fmt.Sprintf("m%02d", i)
			if rapid.IntRange(0, 4).Draw(rt, "poison") == 0 {
				queue[id], poison = []byte(`{"source":7}`), append(poison, id)
				continue
			}
			kind, o := rapid.SampledFrom(kinds).Draw(rt, "kind"), rapid.SampledFrom(orders).Draw(rt, "order")
			queue[id] = busEvent(kind.Source, kind.DetailType, packageOf(`{"productId":"lamp"},{"productId":"mug"},{"productId":"poster"},`), o.OrderID)
			highest[o.OrderID] = order.New.Max(highest[o.OrderID]).Max(kind.Status)
		}
		faults := rapid.SliceOfN(rapid.SampledFrom([]memory.Fault{memory.None, memory.FailBefore, memory.FailAfter, memory.Conflict}), 0, 20).Draw(rt, "faults")
		var mu sync.Mutex
		s.store.Faults = func(memory.Op, string) memory.Fault {
			mu.Lock()
			defer mu.Unlock()
			if len(faults) == 0 {
				return memory.None
			}
			next := faults[0]
			faults = faults[1:]
			return next
		}
		for deliveries := 0; len(queue) > len(poison); deliveries++ {
			require.Less(rt, deliveries, 25)
			failed := s.deliver(rt, queue)
			maps.DeleteFunc(queue, func(id string, _ []byte) bool { return !slices.Contains(failed, id) })
		}
		require.Equal(rt, poison, slices.AppendSeq([]string{}, slices.Values(slices.Sorted(maps.Keys(queue)))))
		s.store.Faults = nil
		for _, o := range orders {
			got, err := s.store.Get(context.Background(), o.OrderID)
			require.NoError(rt, err)
			require.Equal(rt, order.New.Max(highest[o.OrderID]), got.Status)
		}
	})
}

func TestUnreadableBatchesFail(t *testing.T) {
	s := newShop()
	for reason, event := range map[string]string{
		"/Records: must be an array":                 `{"Records":{"s3cret":1}}`,
		"/Records: must be an array of SQS messages": `{"Records":null}`,
		"/Records/0/messageId: must be a string":     `{"Records":[{"messageId":30111122,"body":"s3cret"}]}`,
		"/Records/1/messageId: must be a string":     `{"Records":[{"messageId":"m1","body":"{}"},"s3cret"]}`,
	} {
		s.output.Reset()
		_, err := onEvents(s).Invoke(t.Context(), []byte(event))
		require.ErrorContains(t, err, reason, event)
		require.Contains(t, s.output.String(), reason)
		require.NotContains(t, s.output.String(), "s3cret")
		require.NotContains(t, s.output.String(), "30111122")
	}
	response, err := onEvents(s).Invoke(t.Context(), []byte(`{"Records":[]}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"batchItemFailures":[]}`, string(response))
}
