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

func TestEntriesThatFailAreSentAgainUntilAllAreSent(t *testing.T) {
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
			within(t, b, func(t *testing.T, p *Publisher) {
				var events []order.Event
				for i := range 200 {
					events = append(events, event(fmt.Sprint("order-", i%40), i))
				}
				allSent(t, p.Publish(t.Context(), events), 200)
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

func TestTroubleThatPasses(t *testing.T) {
	for name, f := range map[string]fault{
		"throttled":          {status: 400, code: "ThrottlingException"},
		"internal":           {status: 500, code: "InternalException"},
		"unavailable":        {status: 503, code: "ServiceUnavailable"},
		"never heard of":     {status: 400, code: "NeverHeardOf"},
		"a page":             {status: 502, body: "<html>Bad gateway</html>"},
		"redirected":         {status: 302, body: "{}"},
		"reset":              {reset: true},
		"hanging":            {hang: time.Hour},
		"cut off":            {body: `{"Entries":[{"EventId":"1"`},
		"empty":              {body: " "},
		"not an answer":      {body: "{}"},
		"no such type":       {body: `{"Entries":"none"}`},
		"access comes late":  {status: 400, code: "AccessDeniedException"},
		"failed with a code": {entries: map[int]string{0: "InternalFailure", 2: "ThrottlingException"}, failedWith: 2},
		"all failed, 0 said": {entries: map[int]string{0: "InternalFailure", 1: "InternalFailure", 2: "InternalFailure"}},
		"entries left out":   {leftOut: 2},
		"no event ids":       {nameless: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bus{fault: once(f, f)}
			within(t, b, func(t *testing.T, p *Publisher) { allSent(t, p.Publish(t.Context(), oneEach(3)), 3) })
			require.Len(t, b.accepted, 3)
			require.Len(t, b.requests, 3, "what failed together goes together again")
		})
	}
}

func TestFailedEntryCountIsNotBelieved(t *testing.T) {
	b := &bus{fault: always(fault{failedWith: 3})}
	within(t, b, func(t *testing.T, p *Publisher) { allSent(t, p.Publish(t.Context(), oneEach(3)), 3) })
	require.Len(t, b.requests, 1)
}

func TestALostAnswerMaySendTwiceButLosesNothing(t *testing.T) {
	b := &bus{fault: once(fault{lost: true})}
	within(t, b, func(t *testing.T, p *Publisher) {
		allSent(t, p.Publish(t.Context(), []order.Event{event("a", 1), event("a", 2)}), 2)
	})
	require.Equal(t, []string{`{"n":1}`, `{"n":1}`, `{"n":2}`}, b.sequences()["a"])
}

func TestPausesGrowToASecond(t *testing.T) {
	b := &bus{fault: always(fault{entries: map[int]string{0: "ThrottlingException"}})}
	within(t, b, func(t *testing.T, p *Publisher) {
		ctx, cancel := context.WithTimeout(t.Context(), 2300*time.Millisecond)
		defer cancel()
		p.Publish(ctx, oneEach(1))
	})
	var pauses []time.Duration // half of the longest, by the jitter of the tests
	for i, r := range b.requests[1:] {
		pauses = append(pauses, r.at.Sub(b.requests[i].at))
	}
	const ms = time.Millisecond
	require.Equal(t, []time.Duration{10 * ms, 20 * ms, 40 * ms, 80 * ms, 160 * ms, 320 * ms, 500 * ms, 500 * ms, 500 * ms}, pauses)
}

func TestTheNextEventOfAnOrderStartsWithShortPauses(t *testing.T) {
	b := &bus{fault: func(n int, _ []entry) fault {
		if n == 4 {
			return fault{}
		}
		return fault{entries: map[int]string{0: "ThrottlingException"}}
	}}
	within(t, b, func(t *testing.T, p *Publisher) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		p.Publish(ctx, []order.Event{event("a", 1), event("a", 2)})
	})
	require.Equal(t, b.requests[4].at, b.requests[5].at)
	require.Equal(t, 10*time.Millisecond, b.requests[6].at.Sub(b.requests[5].at))
}

func TestJitterIsNeverLeftOut(t *testing.T) {
	var p Publisher
	for range 1000 {
		jitter := p.jitter()
		require.GreaterOrEqual(t, jitter, 0.0)
		require.Less(t, jitter, 1.0)
	}
}
