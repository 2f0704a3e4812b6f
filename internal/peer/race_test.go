package peer

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/order"
	"orders/internal/safehttp"
)

// timed returns how long a check took by the bubble's clock, and its error.
func timed(ctx context.Context, c order.Checker) (time.Duration, error) {
	start := time.Now()
	err := c.Check(ctx, sampleOrder())
	return time.Since(start), err
}

func TestFirstVerdictOfSeveralAttemptsWins(t *testing.T) {
	const hedge = defaultHedge
	const retry1, retry2, retry3 = 40 * ms, 120 * ms, 360 * ms // the shortest backoff
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
		"never, and the hedge is late too":          {[]reply{accept(never), accept(900 * ms)}, "accepted", hedge + 900*ms, 3},
		"no response at all":                        {[]reply{accept(never)}, "3 attempts: context deadline exceeded", 8000 * ms, 3},
		"the hedge fails, its retry does not":       {[]reply{accept(3000 * ms), status(20*ms, 500), accept(20 * ms)}, "accepted", hedge + 40*ms + retry1, 3},
		"both hedges are late too":                  {[]reply{accept(3000 * ms), accept(2000 * ms), accept(20 * ms)}, "accepted", 2*hedge + 20*ms, 3},
		"at most two hedges":                        {[]reply{accept(3000 * ms), accept(3000 * ms), accept(3000 * ms)}, "accepted", 3000 * ms, 3},
		"hedges and retries fail":                   {[]reply{accept(3000 * ms), status(20*ms, 500)}, "accepted", 3000 * ms, 6},
		"all fail, the first one last":              {[]reply{status(5000*ms, 500), status(20*ms, 502), {after: 20 * ms, err: errReset}}, "6 attempts: status 502", 5000 * ms, 6},
		"the first one fails in between":            {[]reply{status(hedge+10*ms, 500), accept(60 * ms)}, "accepted", hedge + 60*ms, 3},
		"the hedge's response is invalid":           {[]reply{accept(3000 * ms), malformed(20 * ms), malformed(20 * ms)}, "accepted", 3000 * ms, 3},
		"a 500, then accepted":                      {[]reply{status(20*ms, 500), accept(20 * ms)}, "accepted", 40*ms + retry1, 2},
		"a 429, then accepted":                      {[]reply{status(20*ms, 429), accept(20 * ms)}, "accepted", 40*ms + retry1, 2},
		"a reset, then rejected":                    {[]reply{{after: 20 * ms, err: errReset}, reject(20 * ms)}, "rejected", 40*ms + retry1, 2},
		"the retry is late, and hedged":             {[]reply{status(20*ms, 500), accept(3000 * ms), accept(20 * ms)}, "accepted", 40*ms + retry1 + hedge, 3},
		"at most three retries":                     {[]reply{status(20*ms, 500)}, "4 attempts: status 500", 80*ms + retry1 + retry2 + retry3, 4},
		"a 4xx is not retried":                      {[]reply{status(20*ms, 403), accept(20 * ms)}, "status 403", 20 * ms, 1},
		"a 4xx for the hedge is final":              {[]reply{accept(3000 * ms), status(20*ms, 400)}, "status 400", hedge + 20*ms, 2},
		"a redirect is not retried":                 {[]reply{status(20*ms, 302), accept(20 * ms)}, "status 302", 20 * ms, 1},
		"an invalid response is not retried":        {[]reply{{after: 20 * ms, status: 200, body: `{"ok": 1}`}, accept(20 * ms)}, "want a boolean ok", 20 * ms, 1},
		"a 4xx after a 500 is final":                {[]reply{status(20*ms, 500), status(20*ms, 401)}, "2 attempts: status 500; status 401", 40*ms + retry1, 2},
		"an invalid response while the first waits": {[]reply{status(150*ms, 500), malformed(20 * ms), accept(60 * ms)}, "accepted", 250 * ms, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				peer := newFakePeer(c.replies...)
				took, err := timed(inTime(t), peer.users())
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

func TestRetriesAreSpreadOverASecond(t *testing.T) {
	for random, want := range map[float64]time.Duration{0: 520 * ms, 0.5: 780 * ms, 0.999: 1039480 * time.Microsecond} {
		synctest.Test(t, func(t *testing.T) {
			peer := newFakePeer(status(0, 500))
			users := newCheck(usersContract(), "http://peer.example", Options{Transport: peer, Random: func() float64 { return random }})
			took, err := timed(inTime(t), users)
			require.Error(t, err)
			require.InDelta(t, want, took, float64(time.Microsecond))
		})
	}
}

// A verdict is reached although the peer throttles or fails for half a second, however the random
// numbers fall.
func TestHalfASecondOfFailuresIsRetried(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		code := rapid.SampledFrom([]int{429, 500, 502, 503, 504}).Draw(rt, "code")
		latency := time.Duration(rapid.IntRange(0, 150).Draw(rt, "latency")) * ms
		random := rapid.Float64Range(0, 0.999).Draw(rt, "random")
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			transport := transportFunc(func(r *http.Request) (*http.Response, error) {
				failing := time.Since(start) < 500*ms
				time.Sleep(latency)
				if failing {
					return respondAlways(code, "")(r)
				}
				return respondAlways(200, `{"ok": true}`)(r)
			})
			users := newCheck(usersContract(), "http://peer.example", Options{Transport: transport, Random: func() float64 { return random }})
			require.NoError(rt, users.Check(inTime(t), sampleOrder()))
		})
	})
}

// The same for the orders of a busy second, in one process.
func TestHalfASecondOfFailuresIsRetriedForAllOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		transport := transportFunc(func(r *http.Request) (*http.Response, error) {
			time.Sleep(20 * ms)
			if time.Since(start) < 500*ms {
				return respondAlways(429, "")(r)
			}
			return respondAlways(200, `{"ok": true}`)(r)
		})
		users := newCheck(usersContract(), "http://peer.example", Options{Transport: transport})
		var checks sync.WaitGroup
		for range 50 {
			checks.Go(func() { require.NoError(t, users.Check(inTime(t), sampleOrder())) })
			time.Sleep(20 * ms)
		}
		checks.Wait()
	})
}

func TestVerdictAfterSixSecondsCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took, err := timed(inTime(t), newFakePeer(accept(6*time.Second)).users())
		require.NoError(t, err)
		require.Equal(t, 6*time.Second, took)
	})
}

// An order needs four verdicts. If two responses in a hundred stall for 3 s, nearly no order waits.
func TestPercentilesUnderStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		var mu sync.Mutex
		transport := transportFunc(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			d := 15*ms + time.Duration(random.IntN(10))*ms
			if random.IntN(50) == 0 {
				d = 3 * time.Second
			}
			mu.Unlock()
			select {
			case <-time.After(d):
				return respondAlways(200, `{"ok": true}`)(r)
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
		var checks []*check
		for range 4 {
			checks = append(checks, newCheck(usersContract(), "http://peer.example", Options{Transport: transport}))
		}
		const orders = 5000
		latencies := make([]time.Duration, orders)
		for i := range latencies {
			start := time.Now()
			var all sync.WaitGroup
			for _, c := range checks {
				all.Go(func() { require.NoError(t, c.Check(inTime(t), sampleOrder())) })
			}
			all.Wait()
			latencies[i] = time.Since(start)
		}
		slices.Sort(latencies)
		require.Less(t, latencies[orders*99/100], 150*ms)
		require.Less(t, latencies[orders*999/1000], 400*ms)
		for _, c := range checks {
			s := c.stats()
			require.Less(t, s.Hedges+s.Retries, s.Calls/10)
		}
	})
}

func TestOneRetryIsScheduledAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const lostToo = 10 * ms // after the hedge, while its retry waits
		peer := newFakePeer(status(defaultHedge+lostToo, 500), status(0, 500), accept(0))
		users := newCheck(usersContract(), "http://peer.example", Options{Transport: peer, Random: func() float64 { return 0.5 }})
		took, err := timed(inTime(t), users)
		require.NoError(t, err)
		require.Equal(t, defaultHedge+firstBackoff*3/4, took)
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
			took, err := timed(inTime(t), s.newCheck("http://peer.example", options))
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
			took, err := timed(inTime(t), users)
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
			require.NoError(t, users.Check(inTime(t), sampleOrder()))
		}
		peer.set(accept(800 * ms)) // later than maxHedge: every response is late for ever
		const checks = 500
		for range checks {
			require.NoError(t, users.Check(inTime(t), sampleOrder()))
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
		const checks = 3000
		sent := 0
		for range checks {
			peer.set(status(0, 500), status(0, 500), accept(0))
			_ = users.Check(inTime(t), sampleOrder())
			sent += peer.requestCount()
		}
		require.InDelta(t, checks+checks/callsPerExtra+burst, sent, 2)
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
		deadline := time.Duration(rapid.SampledFrom([]int{0, 1, 99, 500, 8000}).Draw(rt, "deadline")) * ms
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
				require.LessOrEqual(rt, peer.requestCount(), 1+maxHedges+maxRetries)
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
