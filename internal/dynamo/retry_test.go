package dynamo

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/order"
)

func TestCallsRecoverFromFaults(t *testing.T) {
	for name, test := range map[string]struct {
		faults []fault
		within time.Duration // attempts that time out, and the longest delays
	}{
		"none":          {nil, 0},
		"throttled":     {[]fault{throttle, throttle, throttle, throttle}, (20 + 40 + 80 + 160) * time.Millisecond},
		"hangs":         {[]fault{hang}, 220 * time.Millisecond},
		"500":           {[]fault{internalError}, 20 * time.Millisecond},
		"reset":         {[]fault{reset}, 20 * time.Millisecond},
		"garbled":       {[]fault{garble}, 20 * time.Millisecond},
		"written, late": {[]fault{lateResponse}, 220 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				table := &fakeTable{faults: test.faults}
				start := time.Now()
				existing, err := newInProcessStore(table).Create(t.Context(), newOrder())
				require.NoError(t, err)
				require.Nil(t, existing)
				require.Len(t, table.requests, len(test.faults)+1)
				require.Contains(t, table.items, orderID)
				require.LessOrEqual(t, time.Since(start), test.within)
			})
		})
	}
}

func garble(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
	_, _ = io.WriteString(w, "<html>")
}

func TestAnAttemptTimesOutOnARealConnection(t *testing.T) {
	table := &fakeTable{faults: []fault{hang}}
	store := newStoreWithTiming(t, table, impatient)
	_, err := store.Create(t.Context(), newOrder())
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(table.requests), 2)
}

// A table that takes d for every request is slow, not down.
func TestASlowTableIsWaitedFor(t *testing.T) {
	calls := map[string]func(context.Context, *Store) error{
		"create": func(ctx context.Context, s *Store) error {
			existing, err := s.Create(ctx, newOrder())
			if existing != nil {
				return errors.New("the order counts as another's")
			}
			return err
		},
		"get": func(ctx context.Context, s *Store) error { _, err := s.Get(ctx, orderID); return err },
		"list": func(ctx context.Context, s *Store) error {
			_, err := s.List(ctx, order.Query{UserID: userID, Limit: 1})
			return err
		},
	}
	rapid.Check(t, func(rt *rapid.T) {
		d := time.Duration(rapid.IntRange(50, 2000).Draw(rt, "milliseconds")) * time.Millisecond
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(calls))).Draw(rt, "call")
		synctest.Test(t, func(t *testing.T) {
			table := &fakeTable{}
			store := newInProcessStore(table)
			if name != "create" {
				_, err := store.Create(t.Context(), newOrder())
				require.NoError(t, err)
				table.requests = nil
			}
			table.faults = slices.Repeat([]fault{slow(d)}, 100)
			start := time.Now()
			require.NoError(t, calls[name](t.Context(), store))
			require.LessOrEqual(t, time.Since(start), d*5/2+300*time.Millisecond)
			require.LessOrEqual(t, len(table.requests), 4)
			time.Sleep(time.Minute) // the attempts that timed out are carried out nevertheless
			require.Len(t, table.items, 1)
		})
	})
}

// However often a call was throttled, an attempt that hangs is retried soon.
func TestOnlyATimeoutExtendsTheNextAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := &fakeTable{faults: append(outage(100), hang)}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := newInProcessStore(table).Create(ctx, newOrder())
		require.NoError(t, err)
		require.LessOrEqual(t, time.Since(start), 100*maxDelay+attemptTimeout+maxDelay)
	})
}

func TestASlowTableIsUpdatedOnce(t *testing.T) {
	for _, d := range []time.Duration{50, 190, 210, 590, 610, 1790, 1810, 2000} {
		synctest.Test(t, func(t *testing.T) {
			table := &fakeTable{}
			store := newInProcessStore(table)
			_, err := store.Create(t.Context(), newOrder())
			require.NoError(t, err)
			table.faults = slices.Repeat([]fault{slow(d * time.Millisecond)}, 100)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			calls := 0
			changed, err := store.Update(ctx, orderID, func(p order.Progress) (order.Progress, error) {
				calls++
				return fulfil(p)
			})
			require.NoError(t, err)
			require.True(t, changed)
			require.Equal(t, 1, calls)
			time.Sleep(time.Minute)
			require.Equal(t, members{"S": string(order.Fulfilled)}, table.items[orderID]["status"])
		})
	}
}

func TestALongOutageFailsWithinTheDeadline(t *testing.T) {
	for name, call := range map[string]func(context.Context, *Store) error{
		"create": func(ctx context.Context, s *Store) error { _, err := s.Create(ctx, newOrder()); return err },
		"get":    func(ctx context.Context, s *Store) error { _, err := s.Get(ctx, orderID); return err },
		"list": func(ctx context.Context, s *Store) error {
			_, err := s.List(ctx, order.Query{UserID: userID, Limit: 1})
			return err
		},
		"update": func(ctx context.Context, s *Store) error { _, err := s.Update(ctx, orderID, fulfil); return err },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				table := &fakeTable{faults: outage(10000)}
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				err := call(ctx, newInProcessStore(table))
				require.Equal(t, order.Unavailable, order.KindOf(err))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.ErrorContains(t, err, "InternalServerError", "operators need the cause")
				require.LessOrEqual(t, time.Since(start), time.Second)
				require.GreaterOrEqual(t, len(table.requests), 5)
				require.Less(t, len(table.requests), 20)
				require.Empty(t, table.items)
			})
		})
	}
}

func TestAnOutageUsesUpNoRetryQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := &fakeTable{faults: outage(10000)}
		store := newInProcessStore(table)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := store.Get(ctx, orderID)
		require.Equal(t, order.Unavailable, order.KindOf(err))
		table.faults = []fault{throttle}
		_, err = store.Create(t.Context(), newOrder())
		require.NoError(t, err)
	})
}

func TestACallWithoutDeadlineEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := newInProcessStore(&fakeTable{faults: outage(10000)}).Get(context.Background(), orderID)
		require.Equal(t, order.Unavailable, order.KindOf(err))
		require.LessOrEqual(t, time.Since(start), callBudget)
	})
}

func TestACanceledCallSendsNothing(t *testing.T) {
	table := &fakeTable{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newStore(t, table).Create(ctx, newOrder())
	require.Equal(t, order.Unavailable, order.KindOf(err))
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, table.requests)
}

func TestARejectionIsNotRetried(t *testing.T) {
	table := &fakeTable{faults: []fault{func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		w.WriteHeader(http.StatusBadRequest)
		respond(w, members{"__type": "ValidationException", "message": "cannot use Mette Jensen"})
	}}}
	_, err := newStore(t, table).Create(t.Context(), newOrder())
	require.Equal(t, order.Unavailable, order.KindOf(err))
	require.ErrorContains(t, err, "ValidationException")
	require.ErrorContains(t, err, orderID)
	require.NotContains(t, err.Error(), "Mette", "a message may quote the request")
	require.Len(t, table.requests, 1)
}

func TestAnInvalidResponseIsNotQuoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		garbled := func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
			respond(w, members{"Item": members{"vip": members{"BOOL": "Mette Jensen"}}})
		}
		_, err := newInProcessStore(&fakeTable{faults: slices.Repeat([]fault{garbled}, 1000)}).Get(t.Context(), orderID)
		require.Equal(t, order.Unavailable, order.KindOf(err))
		require.ErrorContains(t, err, "cannot decode response")
		require.NotContains(t, err.Error(), "Mette")
	})
}

func TestDelaysDoubleWithJitterUpToABound(t *testing.T) {
	timing := Timing{FirstDelay: 20 * time.Millisecond, MaxDelay: 300 * time.Millisecond}
	for attempt, longest := range []time.Duration{20, 20, 40, 80, 160, 300, 300} {
		longest *= time.Millisecond
		distinct := map[time.Duration]bool{}
		for range 100 {
			delay, err := timing.delay(attempt, nil)
			require.NoError(t, err)
			require.LessOrEqual(t, delay, longest)
			require.GreaterOrEqual(t, delay, longest/2)
			distinct[delay] = true
		}
		require.Greater(t, len(distinct), 1)
	}
}
