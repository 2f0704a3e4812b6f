package eventbus

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

func TestEntry(t *testing.T) {
	b := &bus{}
	withBus(t, b, func(t *testing.T, p *Publisher) {
		plain := order.Event{OrderID: "a", Type: order.OrderCreated, Detail: []byte(`{"name":"<Æ & \"B\">"}`)}
		traced := order.Event{OrderID: "b", Type: order.OrderDeleted, Detail: []byte(`{}`), TraceHeader: "Root=1-5e;Sampled=1"}
		allAccepted(t, p.Publish(t.Context(), []order.Event{plain, traced}), 2)
	})
	require.Equal(t, []entry{
		{Source: "ecommerce.orders", DetailType: "OrderCreated", Detail: `{"name":"<Æ & \"B\">"}`, EventBusName: "orders-bus", Resources: []string{"a"}},
		{Source: "ecommerce.orders", DetailType: "OrderDeleted", Detail: `{}`, EventBusName: "orders-bus", Resources: []string{"b"}, TraceHeader: "Root=1-5e;Sampled=1"},
	}, b.accepted)
	require.Contains(t, b.requests[0].raw, `<Æ & \\\"B\\\">`, "only what must be escaped is")
	require.NotContains(t, b.requests[0].raw, `"Time"`)
}

func TestNoEvents(t *testing.T) {
	b := &bus{}
	withBus(t, b, func(t *testing.T, p *Publisher) { require.Empty(t, p.Publish(t.Context(), nil)) })
	require.Empty(t, b.requests)
}

func TestAHundredOrdersAreTenConcurrentRequests(t *testing.T) {
	b := &bus{fault: always(fault{hang: 100 * time.Millisecond})}
	withBus(t, b, func(t *testing.T, p *Publisher) {
		start := time.Now()
		allAccepted(t, p.Publish(t.Context(), oneEach(100)), 100)
		require.Equal(t, 100*time.Millisecond, time.Since(start))
	})
	require.Equal(t, []int{10, 10, 10, 10, 10, 10, 10, 10, 10, 10}, b.sizes())
}

func TestAtMostTenConcurrentRequests(t *testing.T) {
	b := &bus{fault: always(fault{hang: 100 * time.Millisecond})}
	withBus(t, b, func(t *testing.T, p *Publisher) {
		start := time.Now()
		allAccepted(t, p.Publish(t.Context(), oneEach(101)), 101)
		require.Equal(t, 200*time.Millisecond, time.Since(start))
	})
	require.Len(t, b.requests, 11)
}

func TestEventsOfAnOrderAreSentOneByOne(t *testing.T) {
	b := &bus{}
	withBus(t, b, func(t *testing.T, p *Publisher) {
		events := []order.Event{event("a", 1), event("a", 2), event("b", 1), event("a", 3), event("b", 2)}
		allAccepted(t, p.Publish(t.Context(), events), 5)
	})
	require.Equal(t, map[string][]string{"a": {`{"n":1}`, `{"n":2}`, `{"n":3}`}, "b": {`{"n":1}`, `{"n":2}`}}, b.sequences())
	require.Equal(t, []int{2, 2, 1}, b.sizes())
}

func TestASlowRequestDelaysNoOtherOrder(t *testing.T) {
	b := &bus{fault: func(_ int, entries []entry) fault {
		if entries[0].Resources[0] == "order-0" {
			return fault{hang: 900 * time.Millisecond}
		}
		return fault{}
	}}
	withBus(t, b, func(t *testing.T, p *Publisher) {
		events := oneEach(11) // the eleventh order is in the second request
		events = append(events, event("order-10", 1), event("order-10", 2))
		start := time.Now()
		allAccepted(t, p.Publish(t.Context(), events), 13)
		for i, r := range b.requests {
			require.Zero(t, r.at.Sub(start), "request %d", i)
		}
	})
	require.Len(t, b.requests, 4)
}

func ofSize(orderID string, size int) order.Event {
	e := order.Event{OrderID: orderID, Type: order.OrderModified}
	padding := size - len("ecommerce.orders") - len(e.Type) - len(orderID) - len(`{"x":""}`)
	e.Detail = fmt.Appendf(nil, `{"x":%q}`, strings.Repeat("x", padding))
	return e
}

func TestRequestsAreBoundedInBytes(t *testing.T) {
	for _, test := range []struct {
		name      string
		sizes     []int
		want      []int // entries of each request
		wantKinds []order.Kind
	}{
		{"to the full", []int{400_000, 600_000}, []int{2}, []order.Kind{"", ""}},
		{"a byte too many", []int{400_000, 600_001}, []int{1, 1}, []order.Kind{"", ""}},
		{"small ones fill the rest", []int{600_000, 600_000, 400_000}, []int{2, 1}, []order.Kind{"", "", ""}},
		{"a large one is alone", []int{1 << 20, 100}, []int{1, 1}, []order.Kind{"", ""}},
		{"one too large is not sent", []int{1<<20 + 1, 100}, []int{1}, []order.Kind{order.Permanent, ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := &bus{fault: always(fault{hang: time.Millisecond})}
			withBus(t, b, func(t *testing.T, p *Publisher) {
				var events []order.Event
				for i, size := range test.sizes {
					events = append(events, ofSize(fmt.Sprint(i), size))
				}
				require.Equal(t, test.wantKinds, kinds(t, p.Publish(t.Context(), events)))
			})
			require.ElementsMatch(t, test.want, b.sizes())
		})
	}
}

func TestAnEntryTooLargeBlocksOnlyItsOrder(t *testing.T) {
	b := &bus{}
	withBus(t, b, func(t *testing.T, p *Publisher) {
		results := p.Publish(t.Context(), []order.Event{event("a", 1), ofSize("a", 1<<20+1), event("a", 3), event("b", 1)})
		require.Equal(t, []order.Kind{"", order.Permanent, order.Permanent, ""}, kinds(t, results))
		require.ErrorContains(t, results[1], "1048577 bytes")
		require.ErrorContains(t, results[2], "An earlier event of the order was not accepted")
	})
	require.Len(t, b.accepted, 2)
}

func TestPublishReturnsShortlyBeforeTheDeadline(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault fault
		want  string
	}{
		{"throttled", fault{status: 400, code: "ThrottlingException"}, ", ThrottlingException"},
		{"hanging", fault{hang: time.Hour}, "attempt 1 failed: "}, // the second was canceled
		{"one entry", fault{entries: map[int]string{0: "InternalFailure"}}, "failed: InternalFailure"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := &bus{fault: always(test.fault)}
			withBus(t, b, func(t *testing.T, p *Publisher) {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				start := time.Now()
				results := p.Publish(ctx, []order.Event{event("a", 1), event("a", 2)})
				require.Equal(t, 4950*time.Millisecond, time.Since(start))
				require.Equal(t, []order.Kind{order.Unavailable, order.Unavailable}, kinds(t, results))
				require.ErrorIs(t, results[0], context.DeadlineExceeded)
				require.ErrorContains(t, results[0], test.want)
			})
			require.Empty(t, b.accepted)
		})
	}
}

func TestPublishWithoutADeadlineReturns(t *testing.T) {
	b := &bus{fault: always(fault{status: 500, code: "InternalException"})}
	withBus(t, b, func(t *testing.T, p *Publisher) {
		start := time.Now()
		require.Equal(t, []order.Kind{order.Unavailable}, kinds(t, p.Publish(t.Context(), oneEach(1))))
		require.Equal(t, callBudget, time.Since(start))
	})
}

func TestACanceledCallReturnsWithTheResultsSoFar(t *testing.T) {
	b := &bus{fault: once(fault{}, fault{hang: time.Hour})}
	withBus(t, b, func(t *testing.T, p *Publisher) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(300*time.Millisecond, cancel)
		start := time.Now()
		results := p.Publish(ctx, []order.Event{event("a", 1), event("a", 2), event("a", 3)})
		require.Equal(t, 300*time.Millisecond, time.Since(start))
		require.Equal(t, []order.Kind{"", order.Unavailable, order.Unavailable}, kinds(t, results))
		require.ErrorIs(t, results[1], context.Canceled)
	})
	require.Len(t, b.accepted, 1)
}

func TestACallAfterItsDeadlineSendsNothing(t *testing.T) {
	b := &bus{}
	withBus(t, b, func(t *testing.T, p *Publisher) {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		require.Equal(t, []order.Kind{order.Unavailable, order.Unavailable}, kinds(t, p.Publish(ctx, oneEach(2))))
	})
	require.Empty(t, b.requests)
}

func TestConcurrentCalls(t *testing.T) {
	b := &bus{fault: func(n int, entries []entry) fault {
		return fault{entries: map[int]string{n % 10: "ThrottlingException"}}
	}}
	withBus(t, b, func(t *testing.T, p *Publisher) {
		p.Jitter = nil
		var calls sync.WaitGroup
		for call := range 20 {
			calls.Go(func() {
				var events []order.Event
				for i := range 30 {
					events = append(events, event(fmt.Sprint("order-", call, "-", i%5), i))
				}
				for _, err := range p.Publish(t.Context(), events) {
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		calls.Wait()
	})
	require.Len(t, b.accepted, 600)
	for id, details := range b.sequences() {
		require.Len(t, details, 6, id)
	}
}
