package dynamo

import (
	"context"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

func TestCallsOutlastFaults(t *testing.T) {
	for name, test := range map[string]struct {
		faults []fault
		within time.Duration // by the fake clock: attempts that hang, and the longest waits
	}{
		"none":            {nil, 0},
		"throttled":       {[]fault{throttled, throttled, throttled, throttled}, (20 + 40 + 80 + 160) * time.Millisecond},
		"hangs":           {[]fault{hanging}, 220 * time.Millisecond},
		"breaks":          {[]fault{broken}, 20 * time.Millisecond},
		"cuts":            {[]fault{cut}, 20 * time.Millisecond},
		"garbled":         {[]fault{garbled}, 20 * time.Millisecond},
		"written, no end": {[]fault{lateAnswer}, 220 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stub := &stubTable{faults: test.faults}
				start := time.Now()
				existing, err := newUnconnectedStore(stub).Create(t.Context(), newOrder())
				require.NoError(t, err)
				require.Nil(t, existing)
				require.Len(t, stub.requests, len(test.faults)+1)
				require.Contains(t, stub.items, orderID)
				require.LessOrEqual(t, time.Since(start), test.within)
			})
		})
	}
}

func garbled(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
	_, _ = io.WriteString(w, "<html>")
}

func TestAHangingAttemptIsGivenUpOverARealConnection(t *testing.T) {
	stub := &stubTable{faults: []fault{hanging}}
	store := newStore(t, stub)
	store.Client.Options().HTTPClient.(*http.Client).Timeout = 50 * time.Millisecond
	_, err := store.Create(t.Context(), newOrder())
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(stub.requests), 2)
}

func TestALongOutageIsUnavailableWithinTheDeadline(t *testing.T) {
	for name, call := range map[string]func(context.Context, *Store) error{
		"create": func(ctx context.Context, s *Store) error { _, err := s.Create(ctx, newOrder()); return err },
		"get":    func(ctx context.Context, s *Store) error { _, err := s.Get(ctx, orderID); return err },
		"list":   func(ctx context.Context, s *Store) error { _, err := s.List(ctx, userID, 1, nil); return err },
		"update": func(ctx context.Context, s *Store) error { _, err := s.Update(ctx, orderID, fulfil); return err },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stub := &stubTable{faults: brokenFor(10000)}
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				err := call(ctx, newUnconnectedStore(stub))
				require.Equal(t, order.Unavailable, order.KindOf(err))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.ErrorContains(t, err, "InternalServerError", "operators must hear of the cause")
				require.LessOrEqual(t, time.Since(start), time.Second)
				require.GreaterOrEqual(t, len(stub.requests), 5)
				require.Less(t, len(stub.requests), 20)
				require.Empty(t, stub.items)
			})
		})
	}
}

func TestABadMinuteLeavesRetriesForTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stub := &stubTable{faults: brokenFor(10000)}
		store := newUnconnectedStore(stub)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := store.Get(ctx, orderID)
		require.Equal(t, order.Unavailable, order.KindOf(err))
		stub.faults = []fault{throttled}
		_, err = store.Create(t.Context(), newOrder())
		require.NoError(t, err)
	})
}

func TestACallWithoutDeadlineEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := newUnconnectedStore(&stubTable{faults: brokenFor(10000)}).Get(context.Background(), orderID)
		require.Equal(t, order.Unavailable, order.KindOf(err))
		require.LessOrEqual(t, time.Since(start), callBudget)
	})
}

func TestACancelledCallSendsNothing(t *testing.T) {
	stub := &stubTable{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newStore(t, stub).Create(ctx, newOrder())
	require.Equal(t, order.Unavailable, order.KindOf(err))
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, stub.requests)
}

func TestARefusalIsNotRepeated(t *testing.T) {
	stub := &stubTable{faults: []fault{func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		w.WriteHeader(http.StatusBadRequest)
		answer(w, members{"__type": "ValidationException", "message": "cannot use Mette Jensen"})
	}}}
	_, err := newStore(t, stub).Create(t.Context(), newOrder())
	require.Equal(t, order.Unavailable, order.KindOf(err))
	require.ErrorContains(t, err, "ValidationException")
	require.ErrorContains(t, err, orderID)
	require.NotContains(t, err.Error(), "Mette", "a message may repeat what was sent")
	require.Len(t, stub.requests, 1)
}

func TestAnUnreadableAnswerIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wrong := func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
			answer(w, members{"Item": members{"vip": members{"BOOL": "Mette Jensen"}}})
		}
		_, err := newUnconnectedStore(&stubTable{faults: slices.Repeat([]fault{wrong}, 1000)}).Get(t.Context(), orderID)
		require.Equal(t, order.Unavailable, order.KindOf(err))
		require.ErrorContains(t, err, "could not be read")
		require.NotContains(t, err.Error(), "Mette")
	})
}

func TestDelaysDoubleWithJitterUpToTheMost(t *testing.T) {
	timing := Timing{FirstDelay: 20 * time.Millisecond, MaxDelay: 300 * time.Millisecond}
	for attempt, most := range []time.Duration{20, 20, 40, 80, 160, 300, 300} {
		most *= time.Millisecond
		distinct := map[time.Duration]bool{}
		for range 100 {
			delay, err := timing.delay(attempt, nil)
			require.NoError(t, err)
			require.LessOrEqual(t, delay, most)
			require.GreaterOrEqual(t, delay, most/2)
			distinct[delay] = true
		}
		require.Greater(t, len(distinct), 1)
	}
}
