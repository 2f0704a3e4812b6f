package lambda_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/lambda"
)

// An idleShard has no records.
type idleShard struct{}

func (idleShard) Read(ctx context.Context, _ string, _ int) ([]lambda.Record, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestRunEndsWhileItWaitsForRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		s := newScenario(t, idleShard{}, nil)
		require.NoError(t, s.mapping.Run(ctx))
		require.Empty(t, s.batches)
	})
}

func TestRunEndsWhileItWaitsToRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s := newScenario(t, newShard(1), func([]string) ([]byte, error) { return nil, errFunction })
		s.mapping.RetryWait = 2 * time.Hour
		s.mapping.RetryWaitMaximum = 2 * time.Hour
		start := time.Now()
		require.NoError(t, s.mapping.Run(ctx))
		require.Equal(t, time.Second, time.Since(start))
		require.Empty(t, s.checkpoints)
		require.Empty(t, s.discarded)
	})
}

// A batch that is canceled has neither failed nor is it done: it is repeated after a restart.
func TestCanceledBatchIsLeftForTheNextRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := newScenario(t, newShard(4), nil)
		s.mapping.BatchSize = 1
		s.mapping.MaximumRetryAttempts = 0 // so that a failure would be discarded at once
		s.mapping.Invoke = func(ctx context.Context, payload []byte) ([]byte, error) {
			if numbers(t, payload)[0] == "3" {
				cancel()
			}
			return nil, ctx.Err()
		}
		require.NoError(t, s.mapping.Run(ctx))
		require.Equal(t, []string{"1", "2"}, s.checkpoints)
		require.Empty(t, s.discarded)
	})
}

func TestDoneBatchIsCheckpointedAfterRunIsCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := newScenario(t, newShard(4), func([]string) ([]byte, error) {
			cancel()
			return report("3"), nil
		})
		s.mapping.Checkpoint = func(ctx context.Context, number string) error {
			_, bounded := ctx.Deadline()
			require.True(t, bounded)
			require.NoError(t, ctx.Err())
			s.checkpoints = append(s.checkpoints, number)
			return nil
		}
		require.NoError(t, s.mapping.Run(ctx))
		require.Equal(t, []string{"2"}, s.checkpoints)
		require.Len(t, s.batches, 1)
	})
}
