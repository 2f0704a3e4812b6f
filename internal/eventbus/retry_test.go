package eventbus

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

func TestFailedEntriesAreRetriedUntilAllAreAccepted(t *testing.T) {
	for _, share := range []float64{0.03, 0.5} {
		t.Run(fmt.Sprint(share), func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2)) // used under the bus's lock
			b := &bus{fault: func(_ int, entries []entry) fault {
				f := fault{entries: map[int]string{}}
				for i := range entries {
					if random.Float64() < share {
						f.entries[i] = []string{"InternalFailure", "ThrottlingException", "NeverHeardOf"}[random.IntN(3)]
					}
				}
				return f
			}}
			withBus(t, b, func(t *testing.T, p *Publisher) {
				var events []order.Event
				for i := range 200 {
					events = append(events, event(fmt.Sprint("order-", i%40), i))
				}
				allAccepted(t, p.Publish(t.Context(), events), 200)
			})
			require.Len(t, b.accepted, 200)
			for id, details := range b.sequences() {
				var number, i int
				fmt.Sscanf(id, "order-%d", &number)
				for ; i < 5; i++ {
					require.Equal(t, fmt.Sprintf(`{"n":%d}`, number+40*i), details[i])
				}
			}
		})
	}
}

func TestTransientFailures(t *testing.T) {
	for name, f := range map[string]fault{
		"throttled":           {status: 400, code: "ThrottlingException"},
		"internal":            {status: 500, code: "InternalException"},
		"unavailable":         {status: 503, code: "ServiceUnavailable"},
		"unknown code":        {status: 400, code: "NeverHeardOf"},
		"a page":              {status: 502, body: "<html>Bad gateway</html>"},
		"redirected":          {status: 302, body: "{}"},
		"reset":               {reset: true},
		"hanging":             {hang: time.Hour},
		"truncated":           {body: `{"Entries":[{"EventId":"1"`},
		"empty":               {body: " "},
		"no results":          {body: "{}"},
		"wrong type":          {body: `{"Entries":"none"}`},
		"late access":         {status: 400, code: "AccessDeniedException"},
		"failed with a code":  {entries: map[int]string{0: "InternalFailure", 2: "ThrottlingException"}, failedWith: 2},
		"all failed, count 0": {entries: map[int]string{0: "InternalFailure", 1: "InternalFailure", 2: "InternalFailure"}},
		"results missing":     {missing: 2},
		"no event ids":        {noIDs: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bus{fault: once(f, f)}
			withBus(t, b, func(t *testing.T, p *Publisher) { allAccepted(t, p.Publish(t.Context(), oneEach(3)), 3) })
			require.Len(t, b.accepted, 3)
			require.Len(t, b.requests, 3, "events that failed together are retried together")
		})
	}
}

func TestFailedEntryCountIsIgnored(t *testing.T) {
	b := &bus{fault: always(fault{failedWith: 3})}
	withBus(t, b, func(t *testing.T, p *Publisher) { allAccepted(t, p.Publish(t.Context(), oneEach(3)), 3) })
	require.Len(t, b.requests, 1)
}

func TestADroppedResponseMayPublishTwice(t *testing.T) {
	b := &bus{fault: once(fault{dropped: true})}
	withBus(t, b, func(t *testing.T, p *Publisher) {
		allAccepted(t, p.Publish(t.Context(), []order.Event{event("a", 1), event("a", 2)}), 2)
	})
	require.Equal(t, []string{`{"n":1}`, `{"n":1}`, `{"n":2}`}, b.sequences()["a"])
}

func TestBackoffGrowsToASecond(t *testing.T) {
	b := &bus{fault: always(fault{entries: map[int]string{0: "ThrottlingException"}})}
	withBus(t, b, func(t *testing.T, p *Publisher) {
		ctx, cancel := context.WithTimeout(t.Context(), 2300*time.Millisecond)
		defer cancel()
		p.Publish(ctx, oneEach(1))
	})
	var backoffs []time.Duration // half of the longest, see withBus
	for i, r := range b.requests[1:] {
		backoffs = append(backoffs, r.at.Sub(b.requests[i].at))
	}
	const ms = time.Millisecond
	require.Equal(t, []time.Duration{10 * ms, 20 * ms, 40 * ms, 80 * ms, 160 * ms, 320 * ms, 500 * ms, 500 * ms, 500 * ms}, backoffs)
}

func TestTheNextEventOfAnOrderStartsWithShortBackoff(t *testing.T) {
	b := &bus{fault: func(n int, _ []entry) fault {
		if n == 4 {
			return fault{}
		}
		return fault{entries: map[int]string{0: "ThrottlingException"}}
	}}
	withBus(t, b, func(t *testing.T, p *Publisher) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		p.Publish(ctx, []order.Event{event("a", 1), event("a", 2)})
	})
	require.Equal(t, b.requests[4].at, b.requests[5].at)
	require.Equal(t, 10*time.Millisecond, b.requests[6].at.Sub(b.requests[5].at))
}

func TestDefaultJitter(t *testing.T) {
	var p Publisher
	for range 1000 {
		jitter := p.jitter()
		require.GreaterOrEqual(t, jitter, 0.0)
		require.Less(t, jitter, 1.0)
	}
}
