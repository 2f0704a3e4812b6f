package peer

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
	"orders/internal/safehttp"
)

// requireOpen fails unless a check fails at once, without a request.
func requireOpen(t *testing.T, peer *fakePeer, c order.Checker) {
	t.Helper()
	before := peer.requestCount()
	took, err := timed(t.Context(), c)
	requireFailed(t, err, specFor("users"))
	require.ErrorContains(t, err, "circuit open since ")
	require.Zero(t, took)
	require.Equal(t, before, peer.requestCount())
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestCircuitOpensAfterFailuresInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := newFakePeer(reply{err: errReset})
		users := peer.users()
		for peer.requestCount() < maxFailures {
			requireFailed(t, users.Check(t.Context(), sampleOrder()), specFor("users"))
			require.Zero(t, users.stats().Skipped)
		}
		require.LessOrEqual(t, peer.requestCount(), maxFailures+maxAttempts-1)
		for range 1000 {
			requireOpen(t, peer, users)
		}
		stats := users.stats()
		require.EqualValues(t, 1, stats.Openings)
		require.EqualValues(t, 1000, stats.Skipped)
		require.EqualValues(t, peer.requestCount(), stats.Calls+stats.Retries)
	})
}

func TestCircuitOpensAfterOneSilentCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := newFakePeer(accept(time.Hour))
		users := peer.users()
		took, err := timed(within(t, 4*time.Second), users)
		requireFailed(t, err, specFor("users"))
		require.Equal(t, 4*time.Second, took)
		requireOpen(t, peer, users)
		_, err = timed(t.Context(), users)
		require.ErrorContains(t, err, "2 attempts: context deadline exceeded")
		require.NotErrorIs(t, err, context.DeadlineExceeded, "this check had no deadline")
	})
}

// One check that stalls says nothing about a peer that responds to others meanwhile.
func TestCircuitStaysClosedWhileOthersGetResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := newFakePeer(accept(time.Hour), accept(time.Hour), accept(20*ms))
		users := peer.users()
		var stalled sync.WaitGroup
		ctx := within(t, 4*time.Second)
		stalled.Go(func() { requireFailed(t, users.Check(ctx, sampleOrder()), specFor("users")) })
		time.Sleep(2 * time.Second)
		require.NoError(t, users.Check(t.Context(), sampleOrder()))
		stalled.Wait()
		require.NoError(t, users.Check(t.Context(), sampleOrder()))
		require.Zero(t, users.stats().Openings)
	})
}

func TestCircuitStaysClosedOnInvalidResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := newFakePeer(accept(time.Hour), malformed(0))
		users := peer.users()
		requireFailed(t, users.Check(within(t, 4*time.Second), sampleOrder()), specFor("users"))
		require.Zero(t, users.stats().Openings)
	})
}

func TestResponseInBetweenKeepsTheCircuitClosed(t *testing.T) {
	for name, response := range map[string]reply{"accepted": accept(0), "rejected": reject(0), "a 403": status(0, 403), "invalid": malformed(0)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				peer := newFakePeer()
				users := peer.users()
				for range 50 {
					peer.set(status(0, 500))
					_ = users.Check(t.Context(), sampleOrder())
					peer.set(response)
					_ = users.Check(t.Context(), sampleOrder())
				}
				require.Zero(t, users.stats().Skipped)
				require.Zero(t, users.stats().Openings)
			})
		})
	}
}

func TestCircuitIgnoresWhatIsNotThePeersFault(t *testing.T) {
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
		"requests that cannot be signed": func(t *testing.T, users *check, peer *fakePeer) {
			peer.set(reply{err: &safehttp.SigningError{Err: context.Canceled}})
			require.Error(t, users.Check(t.Context(), sampleOrder()))
		},
		"rejections": func(t *testing.T, users *check, peer *fakePeer) {
			peer.set(reject(0))
			requireRejected(t, users.Check(t.Context(), sampleOrder()), "Unknown user")
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
				require.NoError(t, users.Check(t.Context(), sampleOrder()))
			})
		})
	}
}

// openCircuit opens the circuit of a new peer, which does not respond from then on.
func openCircuit(t *testing.T, options Options) (*fakePeer, *check) {
	t.Helper()
	peer := newFakePeer(accept(time.Hour))
	options.Transport, options.Random = peer, noBackoff
	users := newCheck(usersContract(), "http://peer.example", options)
	requireFailed(t, users.Check(within(t, silence), sampleOrder()), specFor("users"))
	requireOpen(t, peer, users)
	return peer, users
}

func TestResponseToAProbeClosesTheCircuit(t *testing.T) {
	for name, response := range map[string]reply{"accepted": accept(20 * ms), "rejected": reject(20 * ms), "403": status(20*ms, 403)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				peer, users := openCircuit(t, Options{})
				peer.set(response)
				time.Sleep(firstPause - 1)
				requireOpen(t, peer, users)
				time.Sleep(time.Nanosecond)
				before := users.stats().Skipped
				for range 3 {
					_ = users.Check(t.Context(), sampleOrder())
				}
				require.Equal(t, 3, peer.requestCount())
				require.Equal(t, before, users.stats().Skipped)
			})
		})
	}
}

func TestOneProbeIsSentAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, users := openCircuit(t, Options{})
		peer.set(accept(500 * ms))
		time.Sleep(firstPause)
		var probe sync.WaitGroup
		probe.Go(func() { require.NoError(t, users.Check(t.Context(), sampleOrder())) })
		synctest.Wait()
		for range 100 {
			requireOpen(t, peer, users)
		}
		require.Equal(t, 1, peer.requestCount())
		time.Sleep(400 * ms)
		requireOpen(t, peer, users)
		require.Equal(t, 1, peer.requestCount(), "a probe is not hedged")
		probe.Wait()
		require.NoError(t, users.Check(t.Context(), sampleOrder()))
	})
}

// A probe takes no longer than the pause before it, and so has the time of any other check in the
// end.
func TestPauseDoublesAfterFailedProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, users := openCircuit(t, Options{})
		for _, pause := range []time.Duration{1, 2, 4, 8, 8, 8} {
			time.Sleep(pause * time.Second)
			took, err := timed(within(t, 4*time.Second), users)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, min(pause, 4)*time.Second, took)
		}
		stats := users.stats()
		require.EqualValues(t, 1, stats.Openings, "a probe that fails is not a new outage")
		require.EqualValues(t, 7, stats.Calls)
		require.EqualValues(t, 1, stats.Hedges, "probes are sent once")
	})
}

func TestProbeThatCannotBeSignedIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, users := openCircuit(t, Options{})
		time.Sleep(firstPause)
		peer.set(reply{err: &safehttp.SigningError{Err: errReset}}, accept(time.Hour))
		require.ErrorContains(t, users.Check(t.Context(), sampleOrder()), "sign request")
		took, err := timed(t.Context(), users)
		require.Error(t, err)
		require.Equal(t, firstPause, took, "not a probe: the circuit was closed although nothing was sent")
	})
}

func TestCanceledProbeIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, users := openCircuit(t, Options{})
		time.Sleep(firstPause)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*ms, cancel)
		require.ErrorIs(t, users.Check(ctx, sampleOrder()), context.Canceled)
		peer.set(accept(20 * ms))
		require.NoError(t, users.Check(t.Context(), sampleOrder()))
	})
}

// A check from before the outage is no probe: a response to it closes the circuit, and its failure
// changes nothing.
func TestChecksFromBeforeTheOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := newFakePeer(accept(1500*ms), accept(1600*ms), reply{err: errReset}, accept(time.Hour))
		users := peer.users()
		var early sync.WaitGroup
		early.Go(func() { require.NoError(t, users.Check(t.Context(), sampleOrder())) })
		synctest.Wait()
		time.Sleep(300 * ms)
		require.Error(t, users.Check(within(t, silence), sampleOrder()))
		requireOpen(t, peer, users)
		early.Wait()
		peer.set(accept(0))
		require.NoError(t, users.Check(t.Context(), sampleOrder()))
	})
	synctest.Test(t, func(t *testing.T) {
		peer := newFakePeer(accept(time.Hour))
		users := peer.users()
		var early sync.WaitGroup
		ctx := within(t, 1500*ms)
		early.Go(func() { require.Error(t, users.Check(ctx, sampleOrder())) })
		require.Error(t, users.Check(within(t, silence), sampleOrder()))
		early.Wait()
		peer.set(accept(0))
		time.Sleep(500 * ms) // a second after the opening, as if nothing had been
		require.NoError(t, users.Check(t.Context(), sampleOrder()))
	})
}

func TestEachPeerHasItsOwnCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := newFakePeer(reply{err: errReset})
		checkers := New(URLs{"http://d.example", "http://pay.example", "http://prod.example", "http://u.example"}, Options{Transport: peer, Random: noBackoff})
		for range maxFailures {
			_ = checkers[3].Check(t.Context(), sampleOrder())
		}
		requireOpen(t, peer, checkers[3])
		peer.set(accept(0))
		require.NoError(t, checkers[1].Check(t.Context(), sampleOrder()))

		var skipped, openings []int64
		for _, s := range StatsOf(append(checkers, strangeChecker{})) {
			skipped, openings = append(skipped, s.Skipped), append(openings, s.Openings)
		}
		require.Equal(t, []int64{0, 0, 0, 1}, openings)
		require.Zero(t, skipped[0]+skipped[1]+skipped[2])
		require.NotZero(t, skipped[3])
	})
}

type strangeChecker struct{}

func (strangeChecker) Check(context.Context, order.Order) error { return nil }

func TestOpeningAndClosingAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		peer, users := openCircuit(t, Options{Log: slog.New(slog.NewJSONHandler(&text, nil))})
		time.Sleep(firstPause)
		require.Error(t, users.Check(t.Context(), sampleOrder())) // a probe that fails
		peer.set(accept(0))
		time.Sleep(2 * firstPause)
		require.NoError(t, users.Check(t.Context(), sampleOrder()))
		require.NoError(t, users.Check(t.Context(), sampleOrder()))

		var lines []map[string]any
		for decoder := json.NewDecoder(&text); decoder.More(); {
			var line map[string]any
			require.NoError(t, decoder.Decode(&line))
			delete(line, "time")
			lines = append(lines, line)
		}
		require.Equal(t, []map[string]any{
			{"level": "WARN", "msg": "circuit opened", "peer": "users", "error": "2 attempts: context deadline exceeded"},
			{"level": "WARN", "msg": "circuit closed", "peer": "users"},
		}, lines)
	})
}
