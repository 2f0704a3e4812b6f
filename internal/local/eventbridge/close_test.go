package eventbridge_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/eventbridge"
	"orders/internal/local/sqs"
)

// synctest fails these tests if a goroutine outlives Close.

func TestCloseWaitsForFirstAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		to := target{takes: time.Second}
		var dead sqs.List
		b := open(&dead, rule("r", &to))
		for range 64*2 + 1 { // most wait for a slot
			put(b, "s")
		}
		require.NoError(t, b.Close(t.Context()))
		require.Equal(t, 3*time.Second, time.Since(start))
		require.Len(t, to.got, 64*2+1)
		require.Empty(t, dead.All())
		require.NoError(t, b.Close(t.Context()), "again")
	})
}

func TestCloseCancelsRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := target{fails: 9}
		var dead sqs.List
		b := open(&dead, rule("r", &to))
		put(b, "s")
		synctest.Wait()
		start := time.Now()
		require.NoError(t, b.Close(t.Context()))
		require.Zero(t, time.Since(start))
		require.Len(t, to.got, 1)
		require.Len(t, dead.All(), 1)
		require.Equal(t, sqs.ServiceStopped, dead.All()[0].Reason)
		require.Equal(t, "target failed", dead.All()[0].Error)
		require.Equal(t, 1, dead.All()[0].Attempts)
	})
}

func TestCloseCancelsAttemptsWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dead sqs.List
		b := open(&dead, eventbridge.Rule{Name: "hangs", Target: func(ctx context.Context, _ []byte) error {
			<-ctx.Done()
			time.Sleep(time.Second) // it takes a while to end
			return context.Cause(ctx)
		}})
		for range 65 {
			put(b, "s")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		require.ErrorIs(t, b.Close(ctx), context.DeadlineExceeded)
		require.Equal(t, 6*time.Second, time.Since(start))
		require.Len(t, dead.All(), 65)
		attempts := 0
		for _, entry := range dead.All() {
			require.Equal(t, sqs.ServiceStopped, entry.Reason)
			attempts += entry.Attempts
		}
		require.Equal(t, 64, attempts, "the last has no attempt")
	})
}

func TestPutAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to target
		var dead sqs.List
		b := open(&dead, rule("r", &to, "s"))
		require.NoError(t, b.Close(t.Context()))
		require.Equal(t, "id-1", put(b, "s"))
		put(b, "other")
		synctest.Wait()
		require.Empty(t, to.got)
		require.Len(t, b.Events(), 2)
		require.Len(t, dead.All(), 1)
		require.Equal(t, sqs.ServiceStopped, dead.All()[0].Reason)
	})
}

// Whatever the order of Put and Close, every event is either delivered or a dead letter.
func TestPutsDuringClose(t *testing.T) {
	var to target
	var dead sqs.List
	b := open(&dead, rule("r", &to))
	var putters sync.WaitGroup
	for range 8 {
		putters.Go(func() {
			for range 100 {
				put(b, "s")
				b.Events()
			}
		})
	}
	require.NoError(t, b.Close(t.Context()))
	delivered := len(to.got) // nothing is delivered after Close
	putters.Wait()
	require.Len(t, to.got, delivered)
	require.Equal(t, 800, delivered+len(dead.All()))
	require.Len(t, b.Events(), 800)
}
