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

const ms = time.Millisecond

var errReset = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// timed is how long a check took by the bubble's clock, and its error.
func timed(ctx context.Context, c order.Checker) (time.Duration, error) {
	start := time.Now()
	err := c.Check(ctx, anOrder())
	return time.Since(start), err
}

func TestTheFirstVerdictOfSeveralAttemptsWins(t *testing.T) {
	const never = time.Hour
	const hedge = defaultHedge
	for name, c := range map[string]struct {
		steps    []step
		want     string // "yes", "no", or a part of the cause
		took     time.Duration
		requests int
	}{
		"in time":                             {[]step{yes(20 * ms)}, "yes", 20 * ms, 1},
		"a no in time":                        {[]step{no(20 * ms)}, "no", 20 * ms, 1},
		"just in time":                        {[]step{yes(hedge - ms)}, "yes", hedge - ms, 1},
		"late, and the hedge is first":        {[]step{yes(3000 * ms), yes(20 * ms)}, "yes", hedge + 20*ms, 2},
		"late, and yet first":                 {[]step{yes(hedge + 5*ms), yes(20 * ms)}, "yes", hedge + 5*ms, 2},
		"a no by the hedge":                   {[]step{yes(3000 * ms), no(20 * ms)}, "no", hedge + 20*ms, 2},
		"never, and the hedge is late too":    {[]step{yes(never), yes(900 * ms)}, "yes", hedge + 900*ms, 2},
		"nobody ever":                         {[]step{yes(never)}, "2 attempts: context deadline exceeded", 4000 * ms, 2},
		"the hedge gets lost, its retry not":  {[]step{yes(3000 * ms), answers(20*ms, 500), yes(20 * ms)}, "yes", hedge + 40*ms, 3},
		"hedge and retry get lost":            {[]step{yes(3000 * ms), answers(20*ms, 500), answers(20*ms, 503)}, "yes", 3000 * ms, 3},
		"all get lost, the first one last":    {[]step{answers(900*ms, 500), answers(20*ms, 502), {after: 20 * ms, err: errReset}}, "3 attempts: answered with status 502", 900 * ms, 3},
		"the first one gets lost in between":  {[]step{answers(hedge+30*ms, 500), yes(60 * ms)}, "yes", hedge + 60*ms, 3},
		"the hedge's answer has no sense":     {[]step{yes(3000 * ms), {after: 20 * ms, status: 200, body: "<html>"}}, "yes", 3000 * ms, 2},
		"a 500, then a yes":                   {[]step{answers(20*ms, 500), yes(20 * ms)}, "yes", 40 * ms, 2},
		"a 429, then a yes":                   {[]step{answers(20*ms, 429), yes(20 * ms)}, "yes", 40 * ms, 2},
		"a reset, then a no":                  {[]step{{after: 20 * ms, err: errReset}, no(20 * ms)}, "no", 40 * ms, 2},
		"the retry is late, and hedged":       {[]step{answers(20*ms, 500), yes(3000 * ms), yes(20 * ms)}, "yes", 40*ms + hedge, 3},
		"never more than three":               {[]step{answers(20*ms, 500)}, "3 attempts: answered with status 500", 60 * ms, 3},
		"a 4xx is not asked again":            {[]step{answers(20*ms, 403), yes(20 * ms)}, "answered with status 403", 20 * ms, 1},
		"a 4xx by the hedge ends it":          {[]step{yes(3000 * ms), answers(20*ms, 400)}, "answered with status 400", hedge + 20*ms, 2},
		"a redirect is not asked again":       {[]step{answers(20*ms, 302), yes(20 * ms)}, "answered with status 302", 20 * ms, 1},
		"nonsense is not asked again":         {[]step{{after: 20 * ms, status: 200, body: `{"ok": 1}`}, yes(20 * ms)}, "without a boolean ok", 20 * ms, 1},
		"a 4xx after a 500 is the last word":  {[]step{answers(20*ms, 500), answers(20*ms, 401)}, "2 attempts: answered with status 500; answered with status 401", 40 * ms, 2},
		"nonsense while the first is waiting": {[]step{answers(900*ms, 500), {after: 20 * ms, status: 200, body: "[]"}, yes(20 * ms)}, "yes", 920 * ms, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				peer := play(c.steps...)
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
				defer cancel()
				took, err := timed(ctx, peer.users())
				switch c.want {
				case "yes":
					require.NoError(t, err)
				case "no":
					requireRefused(t, err, "Unknown user")
				default:
					requireUnchecked(t, err, subjectNamed("users"))
					require.ErrorContains(t, err, c.want)
				}
				require.Equal(t, c.took, took)
				require.Equal(t, c.requests, peer.seen())
				require.Zero(t, peer.underWay, "an attempt outlives its check")
			})
		})
	}
}

func TestRetriesWaitForARandomTime(t *testing.T) {
	for _, c := range []struct{ random, took float64 }{{0, 0}, {0.5, 0.5 * 3}, {0.999, 0.999 * 3}} { // the wait doubles once
		synctest.Test(t, func(t *testing.T) {
			peer := play(answers(0, 500))
			users := NewUsers("http://peer.example", Calls{Transport: peer, Random: func() float64 { return c.random }})
			took, err := timed(t.Context(), users)
			require.Error(t, err)
			require.InDelta(t, c.took*float64(firstBackoff), float64(took), float64(time.Microsecond))
		})
	}
}

func TestOneRetryIsPreparedAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const lostToo = 10 * ms // after the hedge, while its retry waits
		peer := play(answers(defaultHedge+lostToo, 500), answers(0, 500), yes(0))
		users := NewUsers("http://peer.example", Calls{Transport: peer, Random: func() float64 { return 0.5 }})
		took, err := timed(t.Context(), users)
		require.NoError(t, err)
		require.Equal(t, defaultHedge+firstBackoff/2, took)
		require.EqualValues(t, 1, users.Stats().Retries)
	})
}

func TestALateAnswerIsAskedForOnAnotherConnection(t *testing.T) {
	for _, s := range subjects() {
		synctest.Test(t, func(t *testing.T) {
			var requests atomic.Int32
			var seen sync.Map // remote addresses of pipes are all alike, so the dates tell the requests apart
			calls, network := servePiped(t, func(w http.ResponseWriter, r *http.Request) {
				first := requests.Add(1) == 1
				seen.Store(r.Header.Get("X-Amz-Date"), r.Header.Get("Authorization"))
				if first {
					taking(3*time.Second, answering(200, s.no))(w, r)
					return
				}
				answering(200, s.yes)(w, r)
			})
			calls.Hedge = 1500 * ms
			took, err := timed(t.Context(), s.make("http://peer.example", calls))
			require.NoError(t, err)
			require.Equal(t, calls.Hedge, took)
			require.EqualValues(t, 2, requests.Load())
			require.EqualValues(t, 2, network.connections.Load(), "the hedge waits behind the request that is late")
			signed := 0
			seen.Range(func(_, authorization any) bool {
				require.NotEmpty(t, authorization)
				signed++
				return true
			})
			require.Equal(t, 2, signed, "the hedge is not signed anew")
		})
	}
}

func TestStallsOfAFewRequestsAreHidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests, stalled atomic.Int64
		calls, _ := servePiped(t, func(w http.ResponseWriter, r *http.Request) {
			d := 20 * ms
			if requests.Add(1)%50 == 7 {
				stalled.Add(1)
				d = 3 * time.Second
			}
			taking(d, answering(200, `{"ok": true}`))(w, r)
		})
		users := NewUsers("http://peer.example", calls)
		const checks = 1000
		for n := range checks {
			took, err := timed(t.Context(), users)
			require.NoError(t, err)
			if n < enoughAnswers {
				require.LessOrEqual(t, took, defaultHedge+20*ms)
			} else {
				require.LessOrEqual(t, took, 50*ms, "one and a half times 20 ms, and 20 ms for the hedge")
			}
		}
		stats := users.Stats()
		require.Equal(t, Stats{Peer: "users", Calls: checks, Hedges: stalled.Load()}, stats)
		require.Equal(t, stats.Calls+stats.Hedges, requests.Load())
	})
}

func TestAPeerThatIsSlowForEverybodyIsNotMadeSlower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := play(yes(20 * ms))
		users := peer.users()
		for range 100 {
			require.NoError(t, users.Check(t.Context(), anOrder()))
		}
		peer.become(yes(800 * ms)) // later than maxHedge: every answer is late for ever
		const checks = 500
		for range checks {
			require.NoError(t, users.Check(t.Context(), anOrder()))
		}
		require.LessOrEqual(t, peer.seen(), checks+checks/callsPerExtra+burst)
		require.Greater(t, peer.seen(), checks+checks/callsPerExtra-1, "hedging has stopped altogether")
		require.EqualValues(t, peer.seen()-checks, users.Stats().Hedges)
	})
}

func TestAPeerThatFailsOftenIsNotSentMuchMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := play()
		users := peer.users()
		const checks = 400
		sent := 0
		for n := range checks {
			peer.become(answers(0, 500), answers(0, 500), yes(0))
			if n%2 == 1 {
				peer.become(yes(0)) // every other one, so that the circuit stays closed
			}
			_ = users.Check(t.Context(), anOrder())
			sent += peer.seen()
		}
		require.Equal(t, checks+checks/callsPerExtra+burst-1, sent)
		require.EqualValues(t, sent-checks, users.Stats().Retries)
	})
}

// A hedge is aimed at what this peer usually takes, within bounds.
func TestWhenAnAnswerIsLate(t *testing.T) {
	var l latencies
	require.Equal(t, defaultHedge, l.late(0))
	require.Equal(t, time.Second, l.late(time.Second))
	for range enoughAnswers - 1 {
		l.add(40 * ms)
	}
	require.Equal(t, defaultHedge, l.late(0))
	l.add(40 * ms)
	require.Equal(t, 60*ms, l.late(time.Second))
	for range 3 { // of 23: fewer than one in twenty would be one
		l.add(200 * ms)
	}
	require.Equal(t, 300*ms, l.late(0))
	for range 61 {
		l.add(40 * ms)
	}
	require.Equal(t, 60*ms, l.late(0), "three of 64 are too few")
	for range 64 {
		l.add(time.Microsecond)
	}
	require.Equal(t, minHedge, l.late(0))
	for range 64 {
		l.add(time.Minute)
	}
	require.Equal(t, maxHedge, l.late(0))
}

func TestTheAllowanceIsAShareAndABurst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a allowance
		calls, taken := 0, 0
		for _, call := range rapid.SliceOf(rapid.Bool()).Draw(t, "calls") {
			if call {
				a.earn()
				calls++
			} else if a.take() {
				taken++
			}
			require.LessOrEqual(t, taken, calls/callsPerExtra+burst)
		}
		for range burst * callsPerExtra {
			a.earn()
		}
		for range burst {
			require.True(t, a.take())
		}
		require.False(t, a.take())
	})
}

func drawStep() *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step {
		after := time.Duration(rapid.SampledFrom([]int{0, 1, 20, 99, 101, 150, 600, 3000, 100_000}).Draw(t, "after")) * ms
		return rapid.SampledFrom([]step{
			yes(after), no(after), answers(after, 500), answers(after, 429), answers(after, 403), answers(after, 302),
			{after: after, status: 200, body: "<html>"}, {after: after, status: 200, body: `{"ok": null}`}, {after: after, err: errReset},
			{after: after, err: io.EOF}, {after: after, err: &safehttp.SigningError{Err: errors.New("no keys")}},
		}).Draw(t, "step")
	})
}

// Whatever the peer does, each check ends by its deadline, none of its requests outlives it, and its verdict is one that
// the peer gave.
func TestAVerdictIsOneThatWasGiven(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		scripts := rapid.SliceOfN(rapid.SliceOfN(drawStep(), 3, 3), 1, 25).Draw(rt, "scripts")
		deadline := time.Duration(rapid.SampledFrom([]int{0, 1, 99, 500, 4000}).Draw(rt, "deadline")) * ms
		pause := time.Duration(rapid.SampledFrom([]int{0, 10, 1500}).Draw(rt, "pause")) * ms
		synctest.Test(t, func(t *testing.T) {
			peer := play()
			users := NewUsers("http://peer.example", Calls{Transport: peer, Random: func() float64 { return 0.5 }})
			for _, steps := range scripts {
				peer.become(steps...)
				peer.verdicts = nil
				ctx, cancel := context.WithTimeout(t.Context(), deadline)
				took, err := timed(ctx, users)
				cancel()
				require.LessOrEqual(rt, took, deadline)
				require.LessOrEqual(rt, peer.seen(), maxAttempts)
				require.Zero(rt, peer.underWay)
				switch order.KindOf(err) {
				case "":
					require.Contains(rt, peer.verdicts, `{"ok": true}`)
				case order.Rejected:
					require.Contains(rt, peer.verdicts, `{"ok": false}`)
				default:
					requireUnchecked(t, err, subjectNamed("users"))
				}
				time.Sleep(pause)
			}
			stats := users.Stats()
			require.LessOrEqual(rt, stats.Hedges+stats.Retries, stats.Calls/callsPerExtra+burst)
			require.LessOrEqual(rt, stats.Calls+stats.Refusals, int64(len(scripts)))
		})
	})
}
