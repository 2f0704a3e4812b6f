package dynamodb_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/durable"
	"orders/internal/local/dynamodb"
	"orders/internal/local/lambda"
)

// whileReading runs a test on a table whose stream is being read since before its first change.
func whileReading(t *testing.T, test func(t *testing.T, table *table, r *reader, stop func() error)) {
	synctest.Test(t, func(t *testing.T) {
		table := newTable()
		r := newReader(table.client(), t.TempDir())
		stop := r.start(t)
		settle()
		test(t, table, r, stop)
	})
}

// settle waits until everything that is due has happened.
func settle() { time.Sleep(time.Minute) }

func TestShardWaitsForItsParent(t *testing.T) {
	whileReading(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		r.slow(time.Hour)
		table.change(0)
		table.split(0, false)
		table.change(0)
		table.change(orders - 1)
		settle()
		require.Equal(t, []string{shardID(0) + " TRIM_HORIZON"}, slices.Compact(table.iteratorRequests()))

		r.slow(0)
		time.Sleep(time.Hour)
		require.ElementsMatch(t, []string{shardID(1) + " TRIM_HORIZON", shardID(2) + " TRIM_HORIZON"}, slices.Compact(table.iteratorRequests()))
		require.NoError(t, stop())
		require.Equal(t, 3, r.received)
		require.True(t, r.checkpoint(t, shardID(0)).Ended)
		require.False(t, r.checkpoint(t, shardID(1)).Ended)
	})
}

func TestShardResumesFromItsCheckpoint(t *testing.T) {
	whileReading(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		table.change(0)
		table.split(0, true)
		table.change(0)
		table.change(0)
		settle()
		require.NoError(t, stop())
		last := table.find(shardID(1)).records[1].sequence
		require.Equal(t, durable.Checkpoint{After: last}, r.checkpoint(t, shardID(1)))
		table.change(0)
		table.iteratorRequests()

		stop = r.start(t)
		settle()
		require.NoError(t, stop())
		require.Equal(t, []string{shardID(1) + " AFTER_SEQUENCE_NUMBER " + last}, table.iteratorRequests())
		require.Equal(t, 4, r.received)
	})
}

func TestShardDoesNotWaitForATrimmedParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := newTable()
		table.change(0)
		table.split(0, true)
		table.change(1)
		table.remove(shardID(0))
		r := newReader(table.client(), t.TempDir())
		stop := r.start(t)
		settle()
		require.NoError(t, stop())
		require.Equal(t, 1, r.received)
	})
}

func TestTrimmedCheckpointContinuesWithTheOldestRecord(t *testing.T) {
	whileReading(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		table.change(0)
		settle()
		require.NoError(t, stop())
		for range 3 {
			table.change(1)
		}
		table.trim(shardID(0), 2)
		stop = r.start(t)
		settle()
		require.NoError(t, stop())
		require.Equal(t, 1+2, r.received)
		require.Contains(t, r.logged(), "records trimmed before they were read")
	})
}

func TestShardIsReadOnAfterATrim(t *testing.T) {
	whileReading(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		r.slow(10 * time.Minute) // each batch of four
		for range 9 {
			table.change(0)
		}
		settle() // four are in flight
		table.trim(shardID(0), 6)
		time.Sleep(time.Hour)
		require.NoError(t, stop())
		require.Equal(t, 4+3, r.received)
	})
}

func TestRemovedShardIsPruned(t *testing.T) {
	whileReading(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		table.change(0)
		table.split(0, true)
		table.change(0)
		settle()
		require.True(t, r.checkpoint(t, shardID(0)).Ended)
		table.remove(shardID(0))
		settle()
		require.NoError(t, stop())
		require.Zero(t, r.checkpoint(t, shardID(0)))
		require.NotZero(t, r.checkpoint(t, shardID(1)))
	})
}

func TestShardRemovedBeforeItsEndBlocksNoOther(t *testing.T) {
	whileReading(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		table.change(0)
		table.fail(0, 5, 0) // so that the end of the shard is not seen
		table.split(0, true)
		table.change(1)
		table.remove(shardID(0))
		time.Sleep(time.Hour)
		require.NoError(t, stop())
		require.Equal(t, 1, r.received)
		require.Contains(t, r.logged(), "shard removed before it was read to its end")
	})
}

// The list of shards may be stale.
func TestShardThatIsNotListedIsReadOn(t *testing.T) {
	whileReading(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		table.hide(shardID(0))
		r.slow(30 * time.Second) // each batch of four
		for range 9 {
			table.change(0)
		}
		table.split(0, true)
		table.change(0)
		time.Sleep(time.Hour)
		require.NoError(t, stop())
		require.Equal(t, 10, r.received)
		require.Empty(t, r.skipped)
		require.NotContains(t, r.logged(), "shard removed")
	})
}

// A read may fail for a while although the shard exists.
func TestShardThatIsListedIsNotRemoved(t *testing.T) {
	whileReading(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		table.setLost(shardID(0), true)
		table.change(0)
		table.split(0, true)
		table.change(0)
		settle()
		require.Zero(t, r.total())
		table.setLost(shardID(0), false)
		settle()
		require.NoError(t, stop())
		require.Equal(t, 2, r.received)
		require.NotContains(t, r.logged(), "shard removed")
	})
}

func TestMissingStreamPrunesNothing(t *testing.T) {
	whileReading(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		table.change(0)
		settle()
		_, before := r.checkpointsFile(t)
		table.setMissing(true)
		settle()
		require.ErrorContains(t, stop(), "does not exist")
		stop = r.start(t)
		settle()
		require.ErrorContains(t, stop(), "does not exist")
		_, after := r.checkpointsFile(t)
		require.Equal(t, string(before), string(after))

		table.setMissing(false)
		table.change(0)
		stop = r.start(t)
		settle()
		require.NoError(t, stop())
		require.Equal(t, 2, r.received)
	})
}

func TestFailedCallsAreRetried(t *testing.T) {
	for name, fail := range map[string][3]int{"hang": {2, 0, 0}, "throttle": {0, 4, 0}, "garble": {0, 0, 4}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				table := newTable()
				table.change(0)
				table.fail(fail[0], fail[1], fail[2])
				r := newReader(table.client(), t.TempDir())
				stop := r.start(t)
				settle()
				require.Equal(t, 1, r.total())
				table.fail(fail[0], fail[1], fail[2]) // now that not only the list is read
				table.change(0)
				settle()
				require.NoError(t, stop())
				require.Equal(t, 2, r.received)
				require.Contains(t, r.logged(), " failed")
				require.NotContains(t, r.logged(), "Secret Street")
			})
		})
	}
}

// A missing page of the list must not make a shard look as if it had no parent.
func TestIncompleteListBeginsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := newTable()
		for range pageSize {
			table.split(0, true)
		}
		table.onPage = func(page int) {
			if page == 1 {
				table.throttles = 1
			}
		}
		r := newReader(table.client(), t.TempDir())
		stop := r.start(t)
		settle()
		require.NoError(t, stop())
		require.Empty(t, table.iteratorRequests())
	})
}

func TestIncompleteMappingIsAnError(t *testing.T) {
	checkpoints, err := durable.OpenCheckpoints(t.TempDir(), streamARN)
	require.NoError(t, err)
	r := &dynamodb.StreamReader{Client: newTable().client(), StreamARN: streamARN, Checkpoints: checkpoints, Mapping: lambda.StreamMapping{}}
	require.ErrorContains(t, r.Run(t.Context()), "required")
}
