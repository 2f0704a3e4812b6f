package eventbus

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/order"
)

// Faults after which a retry succeeds, and faults after which it does not.
var (
	passing = []fault{
		{}, {status: 400, code: "ThrottlingException"}, {status: 500, code: "InternalException"}, {reset: true},
		{dropped: true}, {hang: 30 * time.Millisecond}, {hang: time.Hour}, {missing: 1}, {missing: 9}, {noIDs: true},
		{entries: map[int]string{0: "InternalFailure"}}, {entries: map[int]string{0: "ThrottlingException", 2: "New"}},
		{entries: map[int]string{1: "InternalFailure"}, dropped: true}, {status: 502, body: "<html>"},
	}
	lasting = []fault{
		{status: 403, code: "AccessDeniedException"}, {entries: map[int]string{0: "NotAuthorizedForSourceException"}},
		{status: 400, code: "ValidationException"}, {entries: map[int]string{1: "InvalidArgument"}},
	}
)

// drawEvents draws interleaved events of a few orders, some of which the bus can never accept.
func drawEvents(t *rapid.T) []order.Event {
	var events []order.Event
	for i := range rapid.IntRange(0, 40).Draw(t, "events") {
		e := event(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}).Draw(t, "order"), i)
		switch rapid.IntRange(0, 19).Draw(t, "defect") {
		case 0:
			e.Detail = fmt.Appendf(nil, `[%d]`, i) // not an object
		case 1:
			e.Type = "Poison"
		}
		events = append(events, e)
	}
	return events
}

func acceptable(e order.Event) bool { return e.Type != "Poison" && e.Detail[0] == '{' }

// publish sends events to a bus with scripted faults.
func publish(t *testing.T, events []order.Event, script []fault, budget time.Duration) (results []error, b *bus) {
	b = &bus{fault: once(script...)}
	withBus(t, b, func(t *testing.T, p *Publisher) {
		ctx, cancel := context.WithTimeout(t.Context(), budget)
		defer cancel()
		results = p.Publish(ctx, events)
	})
	return results, b
}

// Whatever fails, each order's events are accepted in their order, and only accepted events are
// reported as such.
func TestOrderIsKeptWhateverFails(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		events := drawEvents(rt)
		script := rapid.SliceOfN(rapid.SampledFrom(slices.Concat(passing, lasting)), 0, 60).Draw(rt, "script")
		budget := rapid.SampledFrom([]time.Duration{5, 100, 2000, 60_000}).Draw(rt, "milliseconds") * time.Millisecond
		results, b := publish(t, events, script, budget)
		require.Len(rt, results, len(events))
		found := kinds(rt, results)
		accepted := b.sequences()
		for id, mine := range positions(events) {
			sent := slices.Compact(accepted[id]) // an event may be accepted twice in a row
			require.LessOrEqual(rt, len(sent), len(mine))
			var kind order.Kind
			for i, at := range mine {
				if i < len(sent) {
					require.Equal(rt, string(events[at].Detail), sent[i], "out of order")
				}
				if found[at] == "" {
					require.Empty(rt, kind, "after an event that failed")
					require.Less(rt, i, len(sent), "reported as accepted")
					continue
				}
				if kind != "" {
					require.Equal(rt, kind, found[at])
				}
				kind = found[at]
				require.Contains(rt, []order.Kind{order.Unavailable, order.Permanent}, kind)
			}
		}
	})
}

// Given time, every event is accepted that can be, unless it follows one that cannot.
func TestAllIsAcceptedInTheEnd(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		events := drawEvents(rt)
		script := rapid.SliceOfN(rapid.SampledFrom(passing), 0, 30).Draw(rt, "script")
		results, b := publish(t, events, script, 10*time.Minute)
		found := kinds(rt, results)
		accepted := b.sequences()
		for id, mine := range positions(events) {
			stop := slices.IndexFunc(mine, func(at int) bool { return !acceptable(events[at]) })
			if stop < 0 {
				stop = len(mine)
			}
			for i, at := range mine {
				if i < stop {
					require.Empty(rt, found[at])
				} else {
					require.Equal(rt, order.Permanent, found[at])
				}
			}
			require.Len(rt, slices.Compact(accepted[id]), stop)
		}
	})
}

// A bus that takes d for every request is slow, not down.
func TestASlowBusIsWaitedFor(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := time.Duration(rapid.IntRange(0, 5000).Draw(rt, "milliseconds")) * time.Millisecond
		orders, eachHas := rapid.IntRange(1, 100).Draw(rt, "orders"), rapid.IntRange(1, 3).Draw(rt, "events of each")
		var events []order.Event
		for n := range eachHas {
			for i := range orders {
				events = append(events, event(fmt.Sprint("order-", i), n))
			}
		}
		b := &bus{fault: always(fault{delay: d})}
		withBus(t, b, func(t *testing.T, p *Publisher) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			results := p.Publish(ctx, events)
			time.Sleep(time.Minute) // the requests that timed out are carried out nevertheless
			allAccepted(t, results, len(events))
		})
		times := map[string]int{}
		for _, e := range b.accepted {
			times[e.Resources[0]+e.Detail]++
			require.LessOrEqual(rt, times[e.Resources[0]+e.Detail], 2)
		}
		require.Len(rt, times, len(events))
	})
}

// positions returns the positions of each order's events.
func positions(events []order.Event) map[string][]int {
	byOrder := map[string][]int{}
	for i, e := range events {
		byOrder[e.OrderID] = append(byOrder[e.OrderID], i)
	}
	return byOrder
}
