package peer

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/order"
	"orders/internal/safehttp"
)

var errReset = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// timed returns how long a check took by the bubble's clock, and its error.
func timed(ctx context.Context, c order.Checker) (time.Duration, error) {
	start := time.Now()
	err := c.Check(ctx, sampleOrder())
	return time.Since(start), err
}

func TestFirstVerdictOfSeveralAttemptsWins(t *testing.T) {
	const never = time.Hour
	const hedge = defaultHedge
	for name, c := range map[string]struct {
		replies  []reply
		want     string // "accepted", "rejected", or a part of the cause
		took     time.Duration
		requests int
	}{
		"in time":                                   {[]reply{accept(20 * ms)}, "accepted", 20 * ms, 1},
		"rejected in time":                          {[]reply{reject(20 * ms)}, "rejected", 20 * ms, 1},
		"just in time":                              {[]reply{accept(hedge - ms)}, "accepted", hedge - ms, 1},
		"late, and the hedge is first":              {[]reply{accept(3000 * ms), accept(20 * ms)}, "accepted", hedge + 20*ms, 2},
		"late, and yet first":                       {[]reply{accept(hedge + 5*ms), accept(20 * ms)}, "accepted", hedge + 5*ms, 2},
		"rejected by the hedge":                     {[]reply{accept(3000 * ms), reject(20 * ms)}, "rejected", hedge + 20*ms, 2},
		"never, and the hedge is late too":          {[]reply{accept(never), accept(900 * ms)}, "accepted", hedge + 900*ms, 2},
		"no response at all":                        {[]reply{accept(never)}, "2 attempts: context deadline exceeded", 4000 * ms, 2},
		"the hedge fails, its retry does not":       {[]reply{accept(3000 * ms), status(20*ms, 500), accept(20 * ms)}, "accepted", hedge + 40*ms, 3},
		"hedge and retry fail":                      {[]reply{accept(3000 * ms), status(20*ms, 500), status(20*ms, 503)}, "accepted", 3000 * ms, 3},
		"all fail, the first one last":              {[]reply{status(900*ms, 500), status(20*ms, 502), {after: 20 * ms, err: errReset}}, "3 attempts: status 502", 900 * ms, 3},
		"the first one fails in between":            {[]reply{status(hedge+30*ms, 500), accept(60 * ms)}, "accepted", hedge + 60*ms, 3},
		"the hedge's response is invalid":           {[]reply{accept(3000 * ms), {after: 20 * ms, status: 200, body: "<html>"}}, "accepted", 3000 * ms, 2},
		"a 500, then accepted":                      {[]reply{status(20*ms, 500), accept(20 * ms)}, "accepted", 40 * ms, 2},
		"a 429, then accepted":                      {[]reply{status(20*ms, 429), accept(20 * ms)}, "accepted", 40 * ms, 2},
		"a reset, then rejected":                    {[]reply{{after: 20 * ms, err: errReset}, reject(20 * ms)}, "rejected", 40 * ms, 2},
		"the retry is late, and hedged":             {[]reply{status(20*ms, 500), accept(3000 * ms), accept(20 * ms)}, "accepted", 40*ms + hedge, 3},
		"at most three attempts":                    {[]reply{status(20*ms, 500)}, "3 attempts: status 500", 60 * ms, 3},
		"a 4xx is not retried":                      {[]reply{status(20*ms, 403), accept(20 * ms)}, "status 403", 20 * ms, 1},
		"a 4xx for the hedge is final":              {[]reply{accept(3000 * ms), status(20*ms, 400)}, "status 400", hedge + 20*ms, 2},
		"a redirect is not retried":                 {[]reply{status(20*ms, 302), accept(20 * ms)}, "status 302", 20 * ms, 1},
		"an invalid response is not retried":        {[]reply{{after: 20 * ms, status: 200, body: `{"ok": 1}`}, accept(20 * ms)}, "want a boolean ok", 20 * ms, 1},
		"a 4xx after a 500 is final":                {[]reply{status(20*ms, 500), status(20*ms, 401)}, "2 attempts: status 500; status 401", 40 * ms, 2},
		"an invalid response while the first waits": {[]reply{status(900*ms, 500), {after: 20 * ms, status: 200, body: "[]"}, accept(20 * ms)}, "accepted", 920 * ms, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				peer := newFakePeer(c.replies...)
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
				defer cancel()
				took, err := timed(ctx, peer.users())
				switch c.want {
				case "accepted":
					require.NoError(t, err)
				case "rejected":
					requireRejected(t, err, "Unknown user")
				default:
					requireFailed(t, err, specFor("users"))
					require.ErrorContains(t, err, c.want)
				}
				require.Equal(t, c.took, took)
				require.Equal(t, c.requests, peer.requestCount())
				require.Zero(t, peer.inFlight, "an attempt outlives its check")
			})
		})
	}
}

func TestRetriesBackOff(t *testing.T) {
	for _, c := range []struct{ random, took float64 }{{0, 0}, {0.5, 0.5 * 3}, {0.999, 0.999 * 3}} { // the wait doubles once
		synctest.Test(t, func(t *testing.T) {
			peer := newFakePeer(status(0, 500))
			users := newCheck(usersContract(), "http://peer.example", Options{Transport: peer, Random: func() float64 { return c.random }})
			took, err := timed(t.Context(), users)
			require.Error(t, err)
			require.InDelta(t, c.took*float64(firstBackoff), float64(took), float64(time.Microsecond))
		})
	}
}

func TestOneRetryIsScheduledAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const lostToo = 10 * ms // after the hedge, while its retry waits
		peer := newFakePeer(status(defaultHedge+lostToo, 500), status(0, 500), accept(0))
		users := newCheck(usersContract(), "http://peer.example", Options{Transport: peer, Random: func() float64 { return 0.5 }})
		took, err := timed(t.Context(), users)
		require.NoError(t, err)
		require.Equal(t, defaultHedge+firstBackoff/2, took)
		require.EqualValues(t, 1, users.stats().Retries)
	})
}

func TestHedgeUsesAnotherConnection(t *testing.T) {
	for _, s := range specs() {
		synctest.Test(t, func(t *testing.T) {
			var requests atomic.Int32
			var seen sync.Map // remote addresses of pipes are all alike, so the dates tell the requests apart
			options, network := servePiped(t, func(w http.ResponseWriter, r *http.Request) {
				first := requests.Add(1) == 1
				seen.Store(r.Header.Get("X-Amz-Date"), r.Header.Get("Authorization"))
				if first {
					respondAfter(3*time.Second, respond(200, s.rejected))(w, r)
					return
				}
				respond(200, s.accepted)(w, r)
			})
			options.Hedge = 1500 * ms
			took, err := timed(t.Context(), s.newCheck("http://peer.example", options))
			require.NoError(t, err)
			require.Equal(t, options.Hedge, took)
			require.EqualValues(t, 2, requests.Load())
			require.EqualValues(t, 2, network.connections.Load(), "the hedge must not wait behind the late request")
			signed := 0
			seen.Range(func(_, authorization any) bool {
				require.NotEmpty(t, authorization)
				signed++
				return true
			})
			require.Equal(t, 2, signed, "the hedge has a signature of its own")
		})
	}
}

func TestHedgesHideStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests, stalled atomic.Int64
		options, _ := servePiped(t, func(w http.ResponseWriter, r *http.Request) {
			d := 20 * ms
			if requests.Add(1)%50 == 7 {
				stalled.Add(1)
				d = 3 * time.Second
			}
			respondAfter(d, respond(200, `{"ok": true}`))(w, r)
		})
		users := newCheck(usersContract(), "http://peer.example", options)
		const checks = 1000
		for n := range checks {
			took, err := timed(t.Context(), users)
			require.NoError(t, err)
			if n < minSamples {
				require.LessOrEqual(t, took, defaultHedge+20*ms)
			} else {
				require.LessOrEqual(t, took, 50*ms, "one and a half times 20 ms, and 20 ms for the hedge")
			}
		}
		stats := users.stats()
		require.Equal(t, Stats{Peer: "users", Calls: checks, Hedges: stalled.Load()}, stats)
		require.Equal(t, stats.Calls+stats.Hedges, requests.Load())
	})
}

func TestHedgesStayWithinTheRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := newFakePeer(accept(20 * ms))
		users := peer.users()
		for range 100 {
			require.NoError(t, users.Check(t.Context(), sampleOrder()))
		}
		peer.set(accept(800 * ms)) // later than maxHedge: every response is late for ever
		const checks = 500
		for range checks {
			require.NoError(t, users.Check(t.Context(), sampleOrder()))
		}
		require.LessOrEqual(t, peer.requestCount(), checks+checks/callsPerExtra+burst)
		require.Greater(t, peer.requestCount(), checks+checks/callsPerExtra-1, "hedging has stopped")
		require.EqualValues(t, peer.requestCount()-checks, users.stats().Hedges)
	})
}

func TestRetriesStayWithinTheRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := newFakePeer()
		users := peer.users()
		const checks = 400
		sent := 0
		for n := range checks {
			peer.set(status(0, 500), status(0, 500), accept(0))
			if n%2 == 1 {
				peer.set(accept(0)) // every other one, so that the circuit stays closed
			}
			_ = users.Check(t.Context(), sampleOrder())
			sent += peer.requestCount()
		}
		require.Equal(t, checks+checks/callsPerExtra+burst-1, sent)
		require.EqualValues(t, sent-checks, users.stats().Retries)
	})
}

func TestHedgeDelayFollowsTheLatency(t *testing.T) {
	var l latency
	require.Equal(t, defaultHedge, l.hedgeDelay(0))
	require.Equal(t, time.Second, l.hedgeDelay(time.Second))
	for range minSamples - 1 {
		l.add(40 * ms)
	}
	require.Equal(t, defaultHedge, l.hedgeDelay(0))
	l.add(40 * ms)
	require.Equal(t, 60*ms, l.hedgeDelay(time.Second))
	for range 3 { // of 23, and so above the 95th percentile
		l.add(200 * ms)
	}
	require.Equal(t, 300*ms, l.hedgeDelay(0))
	for range 61 {
		l.add(40 * ms)
	}
	require.Equal(t, 60*ms, l.hedgeDelay(0), "three of 64 are too few")
	for range 64 {
		l.add(time.Microsecond)
	}
	require.Equal(t, minHedge, l.hedgeDelay(0))
	for range 64 {
		l.add(time.Minute)
	}
	require.Equal(t, maxHedge, l.hedgeDelay(0))
}

func TestRetryBudgetIsAShareAndABurst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a retryBudget
		calls, taken := 0, 0
		for _, call := range rapid.SliceOf(rapid.Bool()).Draw(t, "calls") {
			if call {
				a.deposit()
				calls++
			} else if a.withdraw() {
				taken++
			}
			require.LessOrEqual(t, taken, calls/callsPerExtra+burst)
		}
		for range burst * callsPerExtra {
			a.deposit()
		}
		for range burst {
			require.True(t, a.withdraw())
		}
		require.False(t, a.withdraw())
	})
}

func drawReply() *rapid.Generator[reply] {
	return rapid.Custom(func(t *rapid.T) reply {
		after := time.Duration(rapid.SampledFrom([]int{0, 1, 20, 99, 101, 150, 600, 3000, 100_000}).Draw(t, "after")) * ms
		return rapid.SampledFrom([]reply{
			accept(after), reject(after), status(after, 500), status(after, 429), status(after, 403), status(after, 302),
			{after: after, status: 200, body: "<html>"}, {after: after, status: 200, body: `{"ok": null}`}, {after: after, err: errReset},
			{after: after, err: io.EOF}, {after: after, err: &safehttp.SigningError{Err: errors.New("no keys")}},
		}).Draw(t, "reply")
	})
}

// Whatever the peer does, each check ends by its deadline, none of its requests outlives it, and
// its verdict is one that the peer gave.
func TestVerdictIsOneThatThePeerGave(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		scripts := rapid.SliceOfN(rapid.SliceOfN(drawReply(), 3, 3), 1, 25).Draw(rt, "scripts")
		deadline := time.Duration(rapid.SampledFrom([]int{0, 1, 99, 500, 4000}).Draw(rt, "deadline")) * ms
		pause := time.Duration(rapid.SampledFrom([]int{0, 10, 1500}).Draw(rt, "pause")) * ms
		synctest.Test(t, func(t *testing.T) {
			peer := newFakePeer()
			users := newCheck(usersContract(), "http://peer.example", Options{Transport: peer, Random: func() float64 { return 0.5 }})
			for _, replies := range scripts {
				peer.set(replies...)
				ctx, cancel := context.WithTimeout(t.Context(), deadline)
				took, err := timed(ctx, users)
				cancel()
				require.LessOrEqual(rt, took, deadline)
				require.LessOrEqual(rt, peer.requestCount(), maxAttempts)
				require.Zero(rt, peer.inFlight)
				switch order.KindOf(err) {
				case "":
					require.Contains(rt, peer.verdicts, `{"ok": true}`)
				case order.Rejected:
					require.Contains(rt, peer.verdicts, `{"ok": false}`)
				default:
					requireFailed(t, err, specFor("users"))
				}
				time.Sleep(pause)
			}
			stats := users.stats()
			require.LessOrEqual(rt, stats.Hedges+stats.Retries, stats.Calls/callsPerExtra+burst)
			require.LessOrEqual(rt, stats.Calls+stats.Skipped, int64(len(scripts)))
		})
	})
}
