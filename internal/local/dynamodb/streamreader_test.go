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

// following runs a test on a table whose stream is being followed since before its first change.
func following(t *testing.T, test func(t *testing.T, table *table, r *reader, stop func() error)) {
	synctest.Test(t, func(t *testing.T) {
		table := newTable()
		r := newReader(table.client(), t.TempDir())
		stop := r.start(t)
		settle()
		test(t, table, r, stop)
	})
}

// settle lets everything happen that is due.
func settle() { time.Sleep(time.Minute) }

func TestAShardWaitsForItsParent(t *testing.T) {
	following(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		r.slow(time.Hour)
		table.change(0)
		table.split(0, false)
		table.change(0)
		table.change(orders - 1)
		settle()
		require.Equal(t, []string{shardID(0) + " TRIM_HORIZON"}, slices.Compact(table.requests()))

		r.slow(0)
		time.Sleep(time.Hour)
		require.ElementsMatch(t, []string{shardID(1) + " TRIM_HORIZON", shardID(2) + " TRIM_HORIZON"}, slices.Compact(table.requests()))
		require.NoError(t, stop())
		require.Equal(t, 3, r.handed)
		require.True(t, r.mark(t, shardID(0)).Ended)
		require.False(t, r.mark(t, shardID(1)).Ended)
	})
}

func TestAShardIsReadOnWhereItsCheckpointIs(t *testing.T) {
	following(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		table.change(0)
		table.split(0, true)
		table.change(0)
		table.change(0)
		settle()
		require.NoError(t, stop())
		last := table.find(shardID(1)).records[1].sequence
		require.Equal(t, durable.Checkpoint{After: last}, r.mark(t, shardID(1)))
		table.change(0)
		table.requests()

		stop = r.start(t)
		settle()
		require.NoError(t, stop())
		require.Equal(t, []string{shardID(1) + " AFTER_SEQUENCE_NUMBER " + last}, table.requests())
		require.Equal(t, 4, r.handed)
	})
}

func TestAParentThatIsTrimmedIsNotWaitedFor(t *testing.T) {
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
		require.Equal(t, 1, r.handed)
	})
}

func TestATrimmedCheckpointGoesOnWithTheOldestRecord(t *testing.T) {
	following(t, func(t *testing.T, table *table, r *reader, stop func() error) {
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
		require.Equal(t, 1+2, r.handed)
		require.Contains(t, r.logged(), "no longer keeps")
	})
}

func TestAShardThatIsTrimmedMeanwhileIsReadOn(t *testing.T) {
	following(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		r.slow(10 * time.Minute) // each batch of four
		for range 9 {
			table.change(0)
		}
		settle() // four are in hand
		table.trim(shardID(0), 6)
		time.Sleep(time.Hour)
		require.NoError(t, stop())
		require.Equal(t, 4+3, r.handed)
	})
}

func TestAShardThatIsGoneIsForgotten(t *testing.T) {
	following(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		table.change(0)
		table.split(0, true)
		table.change(0)
		settle()
		require.True(t, r.mark(t, shardID(0)).Ended)
		table.remove(shardID(0))
		settle()
		require.NoError(t, stop())
		require.Zero(t, r.mark(t, shardID(0)))
		require.NotZero(t, r.mark(t, shardID(1)))
	})
}

func TestAShardThatIsGoneBeforeItsEndHoldsUpNobody(t *testing.T) {
	following(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		table.change(0)
		table.fail(0, 5, 0) // so that the end of the shard is not seen
		table.split(0, true)
		table.change(1)
		table.remove(shardID(0))
		time.Sleep(time.Hour)
		require.NoError(t, stop())
		require.Equal(t, 1, r.handed)
		require.Contains(t, r.logged(), "gone before it was read to its end")
	})
}

// The list of shards may be late. While a shard can be read, it is.
func TestAShardThatIsOnlyNotListedIsReadOn(t *testing.T) {
	following(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		table.hide(shardID(0))
		r.slow(30 * time.Second) // each batch of four
		for range 9 {
			table.change(0)
		}
		table.split(0, true)
		table.change(0)
		time.Sleep(time.Hour)
		require.NoError(t, stop())
		require.Equal(t, 10, r.handed)
		require.Empty(t, r.skipped)
		require.NotContains(t, r.logged(), "gone")
	})
}

// Who is asked may not know the shard yet, or any more for a while.
func TestAShardThatIsListedIsNotGone(t *testing.T) {
	following(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		table.lose(shardID(0), true)
		table.change(0)
		table.split(0, true)
		table.change(0)
		settle()
		require.Zero(t, r.total())
		table.lose(shardID(0), false)
		settle()
		require.NoError(t, stop())
		require.Equal(t, 2, r.handed)
		require.NotContains(t, r.logged(), "gone")
	})
}

func TestWithoutTheStreamNothingIsForgotten(t *testing.T) {
	following(t, func(t *testing.T, table *table, r *reader, stop func() error) {
		table.change(0)
		settle()
		_, before := r.marks(t)
		table.drop(true)
		settle()
		require.ErrorContains(t, stop(), "does not exist")
		stop = r.start(t)
		settle()
		require.ErrorContains(t, stop(), "does not exist")
		_, after := r.marks(t)
		require.Equal(t, string(before), string(after))

		table.drop(false)
		table.change(0)
		stop = r.start(t)
		settle()
		require.NoError(t, stop())
		require.Equal(t, 2, r.handed)
	})
}

func TestCallsThatFailAreMadeAgain(t *testing.T) {
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
				table.fail(fail[0], fail[1], fail[2]) // now that nobody asks for the list only
				table.change(0)
				settle()
				require.NoError(t, stop())
				require.Equal(t, 2, r.handed)
				require.Contains(t, r.logged(), "asking again")
				require.NotContains(t, r.logged(), "Secret Street")
			})
		})
	}
}

// A page of the list that is missing must not make a shard look as if it had no parent.
func TestHalfAListBeginsNothing(t *testing.T) {
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
		require.Empty(t, table.requests())
	})
}

func TestAMappingThatLacksSomethingEndsRun(t *testing.T) {
	marks, err := durable.OpenCheckpoints(t.TempDir(), streamARN)
	require.NoError(t, err)
	f := &dynamodb.StreamReader{Client: newTable().client(), StreamARN: streamARN, Checkpoints: marks, Mapping: lambda.StreamMapping{}}
	require.ErrorContains(t, f.Run(t.Context()), "required")
}
