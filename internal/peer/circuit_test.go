package peer

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
	"orders/internal/safehttp"
)

var (
	errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	errReset   = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
)

// requireOpen fails unless a check fails at once, without a request.
func requireOpen(t *testing.T, peer *fakePeer, c order.Checker) {
	t.Helper()
	before := peer.requestCount()
	took, err := timed(inTime(t), c)
	requireFailed(t, err, specFor("users"))
	require.ErrorContains(t, err, "circuit open since ")
	require.Zero(t, took)
	require.Equal(t, before, peer.requestCount())
}

// checkTime is what a create has for its checks.
const checkTime = 8 * time.Second

func inTime(t *testing.T) context.Context { return within(t, checkTime) }

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// openCircuit opens the circuit of a new peer, which does not respond from then on.
func openCircuit(t *testing.T, log *slog.Logger) (*fakePeer, *check) {
	t.Helper()
	peer := newFakePeer(accept(time.Hour))
	users := newCheck(usersContract(), "http://peer.example", Options{Transport: peer, Random: shortestBackoff, Log: log})
	requireFailed(t, users.Check(within(t, openAfter), sampleOrder()), specFor("users"))
	requireOpen(t, peer, users)
	return peer, users
}

func TestCircuitOpensAfterOneSilentCheck(t *testing.T) {
	for name, test := range map[string]struct {
		reply reply
		cause string
		took  time.Duration
	}{
		"no response":         {accept(time.Hour), "3 attempts: context deadline exceeded", checkTime},
		"refused connections": {reply{err: errRefused}, "4 attempts: dial tcp: connection refused", 520 * ms},
		"connect timeouts":    {reply{after: 3 * time.Second, err: &net.OpError{Op: "dial", Err: context.DeadlineExceeded}}, "context deadline exceeded", checkTime},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				peer := newFakePeer(test.reply)
				users := peer.users()
				took, err := timed(inTime(t), users)
				requireFailed(t, err, specFor("users"))
				require.Equal(t, test.took, took)
				for range 1000 {
					requireOpen(t, peer, users)
				}
				stats := users.stats()
				require.EqualValues(t, 1, stats.Openings)
				require.EqualValues(t, 1000, stats.Skipped)
				_, err = timed(inTime(t), users)
				require.ErrorContains(t, err, test.cause)
				require.NotErrorIs(t, err, context.DeadlineExceeded, "this check sent nothing")
			})
		})
	}
}

// Whoever sends a response is there, and so is whoever resets a connection.
func TestCircuitOpensOnNothingElse(t *testing.T) {
	for name, replies := range map[string][]reply{
		"a quick 502":                 {status(0, 502)},
		"a slow 500":                  {status(2*time.Second, 500)},
		"throttling":                  {status(0, 429)},
		"a 403":                       {status(0, 403)},
		"an invalid response":         {malformed(0)},
		"a slow invalid response":     {malformed(2 * time.Second)},
		"connection resets":           {{err: errReset}},
		"closed connections":          {{after: 2 * time.Second, err: io.EOF}},
		"malformed HTTP":              {{err: net.UnknownNetworkError("malformed")}},
		"a 500, and then nothing":     {status(0, 500), accept(time.Hour)},
		"nothing, and then a 500":     {accept(time.Hour), status(0, 500), accept(time.Hour)},
		"nothing, and an invalid one": {accept(time.Hour), malformed(0), accept(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				peer := newFakePeer()
				users := peer.users()
				for range 30 {
					peer.set(replies...)
					requireFailed(t, users.Check(inTime(t), sampleOrder()), specFor("users"))
					require.NotZero(t, peer.requestCount())
				}
				require.Zero(t, users.stats().Openings)
				peer.set(accept(0))
				require.NoError(t, users.Check(inTime(t), sampleOrder()))
			})
		})
	}
}

// One request that a peer cannot handle must not stop the orders of others.
func TestOneFailingRequestStopsNoOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := newFakePeer()
		users := peer.users()
		for range 200 {
			peer.set(status(5*ms, 502))
			requireFailed(t, users.Check(inTime(t), sampleOrder()), specFor("users"))
			peer.set(accept(5 * ms))
			require.NoError(t, users.Check(inTime(t), sampleOrder()))
		}
		require.Zero(t, users.stats().Skipped)
	})
}

func TestCircuitIgnoresWhatSaysNothingAboutThePeer(t *testing.T) {
	for name, check := range map[string]func(t *testing.T, users *check, peer *fakePeer){
		"canceled callers": func(t *testing.T, users *check, peer *fakePeer) {
			peer.set(accept(time.Hour))
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(2*time.Second, cancel)
			require.ErrorIs(t, users.Check(ctx, sampleOrder()), context.Canceled)
		},
		"callers without time left": func(t *testing.T, users *check, _ *fakePeer) {
			require.ErrorIs(t, users.Check(within(t, 0), sampleOrder()), context.DeadlineExceeded)
		},
		"callers with little time left": func(t *testing.T, users *check, peer *fakePeer) {
			peer.set(accept(time.Hour))
			require.ErrorIs(t, users.Check(within(t, openAfter-1), sampleOrder()), context.DeadlineExceeded)
		},
		"requests that cannot be signed": func(t *testing.T, users *check, peer *fakePeer) {
			peer.set(reply{after: time.Second, err: &safehttp.SigningError{Err: context.Canceled}})
			require.Error(t, users.Check(inTime(t), sampleOrder()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				peer := newFakePeer()
				users := peer.users()
				for range 30 {
					check(t, users, peer)
				}
				require.Zero(t, users.stats().Openings)
				peer.set(accept(0))
				require.NoError(t, users.Check(inTime(t), sampleOrder()))
			})
		})
	}
}

// One check that stalls says nothing about a peer that responds to others meanwhile.
func TestCircuitStaysClosedWhileOthersGetResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := newFakePeer(accept(time.Hour), accept(time.Hour), accept(time.Hour), status(20*ms, 403))
		users := peer.users()
		var stalled sync.WaitGroup
		stalled.Go(func() { requireFailed(t, users.Check(inTime(t), sampleOrder()), specFor("users")) })
		time.Sleep(2 * time.Second)
		require.Error(t, users.Check(inTime(t), sampleOrder()))
		stalled.Wait()
		require.Zero(t, users.stats().Openings)
	})
}

func TestAnyResponseToAProbeClosesTheCircuit(t *testing.T) {
	for name, response := range map[string]reply{
		"accepted": accept(20 * ms), "rejected": reject(20 * ms), "403": status(20*ms, 403), "502": status(20*ms, 502), "429": status(20*ms, 429),
		"invalid": malformed(20 * ms), "slow": accept(6 * time.Second),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				peer, users := openCircuit(t, nil)
				peer.set(response)
				time.Sleep(firstOpen - 1)
				requireOpen(t, peer, users)
				time.Sleep(time.Nanosecond)
				_ = users.Check(inTime(t), sampleOrder())
				before := users.stats().Skipped
				for range 3 {
					_ = users.Check(inTime(t), sampleOrder())
				}
				require.Equal(t, before, users.stats().Skipped)
			})
		})
	}
}

func TestOneProbeIsSentAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, users := openCircuit(t, nil)
		peer.set(accept(6 * time.Second))
		time.Sleep(firstOpen)
		var probe sync.WaitGroup
		probe.Go(func() { require.NoError(t, users.Check(inTime(t), sampleOrder())) })
		time.Sleep(5 * time.Second)
		for range 100 {
			requireOpen(t, peer, users)
		}
		probe.Wait()
		require.NoError(t, users.Check(inTime(t), sampleOrder()))
	})
}

func TestPauseDoublesAfterSilentProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, users := openCircuit(t, nil)
		for _, open := range []time.Duration{1, 2, 4, 8, 8, 8} {
			time.Sleep(open*time.Second - 1)
			requireOpen(t, peer, users)
			time.Sleep(time.Nanosecond)
			took, err := timed(inTime(t), users)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, checkTime, took, "a probe has the time of any other check")
		}
		require.EqualValues(t, 1, users.stats().Openings, "a silent probe is not a new outage")
	})
}

// A peer that needs seconds after an idle hour gets them, and not only for the first check.
func TestOldOutageIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, users := openCircuit(t, nil)
		peer.set(accept(1500 * ms))
		time.Sleep(2 * firstOpen)
		var checks sync.WaitGroup
		for range 5 {
			checks.Go(func() { require.NoError(t, users.Check(inTime(t), sampleOrder())) })
		}
		checks.Wait()
	})
}

func TestProbeThatSaysNothingIsRepeated(t *testing.T) {
	for name, probe := range map[string]func(t *testing.T, users *check, peer *fakePeer){
		"unsigned": func(t *testing.T, users *check, peer *fakePeer) {
			peer.set(reply{err: &safehttp.SigningError{Err: errReset}})
			require.ErrorContains(t, users.Check(inTime(t), sampleOrder()), "sign request")
		},
		"canceled": func(t *testing.T, users *check, _ *fakePeer) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(100*ms, cancel)
			require.ErrorIs(t, users.Check(ctx, sampleOrder()), context.Canceled)
		},
		"reset": func(t *testing.T, users *check, peer *fakePeer) {
			peer.set(reply{err: errReset})
			require.ErrorIs(t, users.Check(inTime(t), sampleOrder()), syscall.ECONNRESET)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				peer, users := openCircuit(t, nil)
				time.Sleep(firstOpen)
				probe(t, users, peer)
				peer.set(accept(100 * ms))
				var next sync.WaitGroup
				next.Go(func() { require.NoError(t, users.Check(inTime(t), sampleOrder())) })
				synctest.Wait()
				requireOpen(t, peer, users) // the circuit is half-open, and next is the probe
				next.Wait()
			})
		})
	}
}

// A check from before the outage is no probe: a response to it closes the circuit, and its failure
// changes nothing.
func TestChecksFromBeforeTheOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := newFakePeer(accept(1500*ms), accept(1600*ms), accept(1700*ms), accept(time.Hour))
		users := peer.users()
		var early sync.WaitGroup
		early.Go(func() { require.NoError(t, users.Check(inTime(t), sampleOrder())) })
		time.Sleep(300 * ms)
		require.Error(t, users.Check(within(t, openAfter), sampleOrder()))
		requireOpen(t, peer, users)
		early.Wait()
		peer.set(accept(0))
		require.NoError(t, users.Check(inTime(t), sampleOrder()))
	})
	synctest.Test(t, func(t *testing.T) {
		peer := newFakePeer(accept(time.Hour))
		users := peer.users()
		var early sync.WaitGroup
		ctx := within(t, openAfter+500*ms)
		early.Go(func() { require.Error(t, users.Check(ctx, sampleOrder())) })
		require.Error(t, users.Check(within(t, openAfter), sampleOrder()))
		early.Wait()
		peer.set(accept(0))
		time.Sleep(firstOpen - 500*ms)
		require.NoError(t, users.Check(inTime(t), sampleOrder()), "the circuit is not open for longer")
	})
}

func TestEachPeerHasItsOwnCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := newFakePeer(reply{err: errRefused})
		checkers := New(URLs{"http://d.example", "http://pay.example", "http://prod.example", "http://u.example"},
			Options{Transport: peer, Random: shortestBackoff})
		_ = checkers[3].Check(inTime(t), sampleOrder())
		requireOpen(t, peer, checkers[3])
		peer.set(accept(0))
		require.NoError(t, checkers[1].Check(inTime(t), sampleOrder()))

		var skipped, openings []int64
		for _, s := range StatsOf(append(checkers, otherChecker{})) {
			skipped, openings = append(skipped, s.Skipped), append(openings, s.Openings)
		}
		require.Equal(t, []int64{0, 0, 0, 1}, openings)
		require.Equal(t, []int64{0, 0, 0, 1}, skipped)
	})
}

type otherChecker struct{}

func (otherChecker) Peer() string { return "other" }

func (otherChecker) Check(context.Context, order.Order) error { return nil }

func TestOpeningAndClosingAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		peer, users := openCircuit(t, slog.New(slog.NewJSONHandler(&text, nil)))
		time.Sleep(firstOpen)
		require.Error(t, users.Check(inTime(t), sampleOrder())) // a silent probe
		peer.set(accept(0))
		time.Sleep(2 * firstOpen)
		require.NoError(t, users.Check(inTime(t), sampleOrder()))
		require.NoError(t, users.Check(inTime(t), sampleOrder()))

		var lines []map[string]any
		for decoder := json.NewDecoder(&text); decoder.More(); {
			var line map[string]any
			require.NoError(t, decoder.Decode(&line))
			delete(line, slog.TimeKey)
			lines = append(lines, line)
		}
		require.Equal(t, []map[string]any{
			{"level": "WARN", "msg": "circuit opened", "peer": "users", "error": "3 attempts: context deadline exceeded"},
			{"level": "WARN", "msg": "circuit closed", "peer": "users"},
		}, lines)
	})
}
