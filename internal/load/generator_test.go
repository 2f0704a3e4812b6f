package load

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// arrivals is what a schedule did, by the clock of the test.
type arrivals struct {
	mu  sync.Mutex
	due []time.Duration
	at  []time.Duration
}

func (a *arrivals) record(start time.Time, i int, due time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.due[i], a.at[i] = due.Sub(start), time.Since(start)
}

func runSchedule(ctx context.Context, s schedule, start time.Time, service time.Duration) *arrivals {
	a := &arrivals{due: make([]time.Duration, s.count), at: make([]time.Duration, s.count)}
	s.run(ctx, start, func(i int, due time.Time) {
		a.record(start, i, due)
		time.Sleep(service)
	})
	return a
}

func TestArrivalsAreAtAConstantRateHoweverLongTheyTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now().Add(time.Second)
		a := runSchedule(t.Context(), schedule{rate: 4, count: 6}, start, time.Hour)
		want := []time.Duration{0, 250e6, 500e6, 750e6, 1000e6, 1250e6}
		require.Equal(t, want, a.due)
		require.Equal(t, want, a.at)
		require.Equal(t, 1250*time.Millisecond+time.Hour, time.Since(start), "all have returned")
	})
}

func TestALateArrivalKnowsWhenItWasDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now().Add(-time.Second)
		a := runSchedule(t.Context(), schedule{rate: 2, count: 4}, start, 0)
		require.Equal(t, []time.Duration{0, 500e6, 1000e6, 1500e6}, a.due)
		require.Equal(t, []time.Duration{1000e6, 1000e6, 1000e6, 1500e6}, a.at)
	})
}

func TestArrivalsEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		a := runSchedule(ctx, schedule{rate: 1, count: 10}, time.Now(), 0)
		require.Equal(t, []time.Duration{0, 1e9, 2e9, 0, 0, 0, 0, 0, 0, 0}, a.at)
	})
}

func TestARateThatDoesNotDivideASecondDoesNotDrift(t *testing.T) {
	require.Equal(t, time.Hour, schedule{rate: 7}.due(7*3600))
	require.Equal(t, time.Second/7, schedule{rate: 7}.due(1))
}
