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

// requireDown asks once more, and must be told at once that the peer is down, without a request.
func requireDown(t *testing.T, peer *script, c order.Checker) {
	t.Helper()
	before := peer.seen()
	took, err := timed(t.Context(), c)
	requireUnchecked(t, err, subjectNamed("users"))
	require.ErrorContains(t, err, "circuit open since ")
	require.Zero(t, took)
	require.Equal(t, before, peer.seen())
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestAPeerThatRefusesIsFoundOutOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := play(step{err: errReset})
		users := peer.users()
		for peer.seen() < enoughFailures {
			requireUnchecked(t, users.Check(t.Context(), anOrder()), subjectNamed("users"))
			require.Zero(t, users.Stats().Refusals)
		}
		require.LessOrEqual(t, peer.seen(), enoughFailures+maxAttempts-1)
		for range 1000 {
			requireDown(t, peer, users)
		}
		stats := users.Stats()
		require.EqualValues(t, 1, stats.Openings)
		require.EqualValues(t, 1000, stats.Refusals)
		require.EqualValues(t, peer.seen(), stats.Calls+stats.Retries)
	})
}

func TestAPeerThatIsSilentIsFoundOutByOneCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := play(yes(time.Hour))
		users := peer.users()
		took, err := timed(within(t, 4*time.Second), users)
		requireUnchecked(t, err, subjectNamed("users"))
		require.Equal(t, 4*time.Second, took)
		requireDown(t, peer, users)
		_, err = timed(t.Context(), users)
		require.ErrorContains(t, err, "2 attempts: context deadline exceeded")
		require.NotErrorIs(t, err, context.DeadlineExceeded, "this check had no deadline to miss")
	})
}

// One check that stalls says nothing of a peer that answers others meanwhile.
func TestAPeerThatAnswersOthersIsNotDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := play(yes(time.Hour), yes(time.Hour), yes(20*ms))
		users := peer.users()
		var stalled sync.WaitGroup
		ctx := within(t, 4*time.Second)
		stalled.Go(func() { requireUnchecked(t, users.Check(ctx, anOrder()), subjectNamed("users")) })
		time.Sleep(2 * time.Second)
		require.NoError(t, users.Check(t.Context(), anOrder()))
		stalled.Wait()
		require.NoError(t, users.Check(t.Context(), anOrder()))
		require.Zero(t, users.Stats().Openings)
	})
}

func TestAPeerThatTalksNonsenseIsNotDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := play(yes(time.Hour), step{status: 200, body: "<html>"})
		users := peer.users()
		requireUnchecked(t, users.Check(within(t, 4*time.Second), anOrder()), subjectNamed("users"))
		require.Zero(t, users.Stats().Openings)
	})
}

func TestAnAnswerInBetweenKeepsTheCircuitClosed(t *testing.T) {
	for name, answer := range map[string]step{"a yes": yes(0), "a no": no(0), "a 403": answers(0, 403), "nonsense": {status: 200, body: "<html>"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				peer := play()
				users := peer.users()
				for range 50 {
					peer.become(answers(0, 500))
					_ = users.Check(t.Context(), anOrder())
					peer.become(answer)
					_ = users.Check(t.Context(), anOrder())
				}
				require.Zero(t, users.Stats().Refusals)
				require.Zero(t, users.Stats().Openings)
			})
		})
	}
}

func TestWhatIsNoFaultOfThePeers(t *testing.T) {
	for name, check := range map[string]func(t *testing.T, users Users, peer *script){
		"callers who go away": func(t *testing.T, users Users, peer *script) {
			peer.become(yes(time.Hour))
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(2*time.Second, cancel)
			require.ErrorIs(t, users.Check(ctx, anOrder()), context.Canceled)
		},
		"callers who have no time left": func(t *testing.T, users Users, _ *script) {
			require.ErrorIs(t, users.Check(within(t, 0), anOrder()), context.DeadlineExceeded)
		},
		"requests that cannot be signed": func(t *testing.T, users Users, peer *script) {
			peer.become(step{err: &safehttp.SigningError{Err: context.Canceled}})
			require.Error(t, users.Check(t.Context(), anOrder()))
		},
		"noes": func(t *testing.T, users Users, peer *script) {
			peer.become(no(0))
			requireRefused(t, users.Check(t.Context(), anOrder()), "Unknown user")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				peer := play()
				users := peer.users()
				for range 30 {
					check(t, users, peer)
				}
				require.Zero(t, users.Stats().Openings)
				peer.become(yes(0))
				require.NoError(t, users.Check(t.Context(), anOrder()))
			})
		})
	}
}

// bringDown opens the circuit of a new peer, which answers nothing from then on.
func bringDown(t *testing.T, calls Calls) (*script, Users) {
	t.Helper()
	peer := play(yes(time.Hour))
	calls.Transport, calls.Random = peer, atOnce
	users := NewUsers("http://peer.example", calls)
	requireUnchecked(t, users.Check(within(t, silence), anOrder()), subjectNamed("users"))
	requireDown(t, peer, users)
	return peer, users
}

func TestAProbeHealsTheCircuit(t *testing.T) {
	for name, answer := range map[string]step{"yes": yes(20 * ms), "no": no(20 * ms), "403": answers(20*ms, 403)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				peer, users := bringDown(t, Calls{})
				peer.become(answer)
				time.Sleep(firstPause - 1)
				requireDown(t, peer, users)
				time.Sleep(time.Nanosecond)
				before := users.Stats().Refusals
				for range 3 {
					_ = users.Check(t.Context(), anOrder())
				}
				require.Equal(t, 3, peer.seen())
				require.Equal(t, before, users.Stats().Refusals)
			})
		})
	}
}

func TestOneProbeGoesOutAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, users := bringDown(t, Calls{})
		peer.become(yes(500 * ms))
		time.Sleep(firstPause)
		var probe sync.WaitGroup
		probe.Go(func() { require.NoError(t, users.Check(t.Context(), anOrder())) })
		synctest.Wait()
		for range 100 {
			requireDown(t, peer, users)
		}
		require.Equal(t, 1, peer.seen())
		time.Sleep(400 * ms)
		requireDown(t, peer, users)
		require.Equal(t, 1, peer.seen(), "a probe is not hedged")
		probe.Wait()
		require.NoError(t, users.Check(t.Context(), anOrder()))
	})
}

// The pause doubles, and a probe takes no longer than the pause before it; it has the time of any other check in the end.
func TestProbesThatFailComeLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, users := bringDown(t, Calls{})
		for _, pause := range []time.Duration{1, 2, 4, 8, 8, 8} {
			time.Sleep(pause * time.Second)
			took, err := timed(within(t, 4*time.Second), users)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, min(pause, 4)*time.Second, took)
		}
		stats := users.Stats()
		require.EqualValues(t, 1, stats.Openings, "a probe that fails is not a new outage")
		require.EqualValues(t, 7, stats.Calls)
		require.EqualValues(t, 1, stats.Hedges, "probes are sent once")
	})
}

func TestAProbeThatCannotBeSignedIsFollowedByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, users := bringDown(t, Calls{})
		time.Sleep(firstPause)
		peer.become(step{err: &safehttp.SigningError{Err: errReset}}, yes(time.Hour))
		require.ErrorContains(t, users.Check(t.Context(), anOrder()), "sign request")
		took, err := timed(t.Context(), users)
		require.Error(t, err)
		require.Equal(t, firstPause, took, "not a probe: the circuit was closed though the peer was not asked")
	})
}

func TestAProbeWhoseCallerGoesAwayIsFollowedByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, users := bringDown(t, Calls{})
		time.Sleep(firstPause)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*ms, cancel)
		require.ErrorIs(t, users.Check(ctx, anOrder()), context.Canceled)
		peer.become(yes(20 * ms))
		require.NoError(t, users.Check(t.Context(), anOrder()))
	})
}

// A check from before the outage is no probe: it closes the circuit if it is answered, and changes nothing otherwise.
func TestChecksFromBeforeTheOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := play(yes(1500*ms), yes(1600*ms), step{err: errReset}, yes(time.Hour))
		users := peer.users()
		var early sync.WaitGroup
		early.Go(func() { require.NoError(t, users.Check(t.Context(), anOrder())) })
		synctest.Wait()
		time.Sleep(300 * ms)
		require.Error(t, users.Check(within(t, silence), anOrder()))
		requireDown(t, peer, users)
		early.Wait()
		peer.become(yes(0))
		require.NoError(t, users.Check(t.Context(), anOrder()))
	})
	synctest.Test(t, func(t *testing.T) {
		peer := play(yes(time.Hour))
		users := peer.users()
		var early sync.WaitGroup
		ctx := within(t, 1500*ms)
		early.Go(func() { require.Error(t, users.Check(ctx, anOrder())) })
		require.Error(t, users.Check(within(t, silence), anOrder()))
		early.Wait()
		peer.become(yes(0))
		time.Sleep(500 * ms) // a second after the opening, as if nothing had been
		require.NoError(t, users.Check(t.Context(), anOrder()))
	})
}

func TestEachPeerHasACircuitOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := play(step{err: errReset})
		checkers := New(URLs{"http://d.example", "http://pay.example", "http://prod.example", "http://u.example"}, Calls{Transport: peer, Random: atOnce})
		for range enoughFailures {
			_ = checkers[3].Check(t.Context(), anOrder())
		}
		requireDown(t, peer, checkers[3])
		peer.become(yes(0))
		require.NoError(t, checkers[1].Check(t.Context(), anOrder()))

		var refusals, openings []int64
		for _, s := range StatsOf(append(checkers, strangeChecker{})) {
			refusals, openings = append(refusals, s.Refusals), append(openings, s.Openings)
		}
		require.Equal(t, []int64{0, 0, 0, 1}, openings)
		require.Zero(t, refusals[0]+refusals[1]+refusals[2])
		require.NotZero(t, refusals[3])
	})
}

type strangeChecker struct{}

func (strangeChecker) Check(context.Context, order.Order) error { return nil }

func TestOperatorsAreWarnedWhenAPeerGoesAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		peer, users := bringDown(t, Calls{Log: slog.New(slog.NewJSONHandler(&text, nil))})
		time.Sleep(firstPause)
		require.Error(t, users.Check(t.Context(), anOrder())) // a probe that fails
		peer.become(yes(0))
		time.Sleep(2 * firstPause)
		require.NoError(t, users.Check(t.Context(), anOrder()))
		require.NoError(t, users.Check(t.Context(), anOrder()))

		var lines []map[string]any
		for decoder := json.NewDecoder(&text); decoder.More(); {
			var line map[string]any
			require.NoError(t, decoder.Decode(&line))
			delete(line, "time")
			lines = append(lines, line)
		}
		require.Equal(t, []map[string]any{
			{"level": "WARN", "msg": "peer is down, and not asked until a probe is answered", "peer": "users", "error": "2 attempts: context deadline exceeded"},
			{"level": "WARN", "msg": "peer answers again", "peer": "users"},
		}, lines)
	})
}
