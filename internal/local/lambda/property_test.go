package lambda_test

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/local/lambda"
)

const retries = 3

// A fault is a way in which the function fails once.
type fault int

const (
	throws    fault = iota // a function error
	reports                // reports the first record of the batch
	garbles                // returns an invalid batch response
	interrupt              // the service stops during the invocation, and restarts
)

// A recordFaults says what fails for one record.
type recordFaults struct {
	atHead []fault // while the record heads a batch, before it succeeds; at most `retries`
	inside int     // how often it is reported as failed inside a batch
	poison bool    // never succeeds: as the head of a batch it is a function error
	blunt  bool    // and inside a batch too, where it is reported otherwise
}

func drawFaults() *rapid.Generator[recordFaults] {
	return rapid.Custom(func(t *rapid.T) recordFaults {
		return recordFaults{
			atHead: rapid.SliceOfN(rapid.SampledFrom([]fault{throws, reports, garbles, interrupt}), 0, retries).Draw(t, "atHead"),
			inside: rapid.IntRange(0, 2).Draw(t, "inside"),
			poison: rapid.IntRange(0, 3).Draw(t, "poison") == 0,
			blunt:  rapid.Bool().Draw(t, "blunt"),
		}
	})
}

// A faultyFunction fails as its records demand, and records what it and the mapping did. The
// records are numbered from 1.
type faultyFunction struct {
	faults      []recordFaults
	processed   []int // records that the function processed, in the order of their first time
	checkpoint  string
	lost        []int // records that a checkpoint covered before they were processed or discarded
	failed      []lambda.FailedBatch
	stop        context.CancelFunc
	finished    bool
	checkpoints []string
}

func (f *faultyFunction) invoke(t require.TestingT, payload []byte) ([]byte, error) {
	batch := numbers(t, payload)
	head := f.faultsOf(batch[0])
	if len(head.atHead) > 0 {
		next := head.atHead[0]
		head.atHead = head.atHead[1:]
		return f.fail(next, batch[0])
	}
	for i, number := range batch {
		switch of := f.faultsOf(number); {
		case of.poison && (i == 0 || of.blunt):
			return nil, errFunction
		case of.poison:
			return report(number), nil
		case i > 0 && of.inside > 0:
			of.inside--
			return report(number), nil
		}
		f.process(number)
	}
	return nil, nil
}

func (f *faultyFunction) fail(how fault, head string) ([]byte, error) {
	switch how {
	case reports:
		return report(head), nil
	case garbles:
		return []byte(`{"batchItemFailures":[{"itemIdentifier":"none"}]}`), nil
	case interrupt:
		f.stop()
		return nil, context.Canceled
	default:
		return nil, errFunction
	}
}

func (f *faultyFunction) faultsOf(number string) *recordFaults {
	i, _ := strconv.Atoi(number)
	return &f.faults[i-1]
}

func (f *faultyFunction) process(number string) {
	i, _ := strconv.Atoi(number)
	if !slices.Contains(f.processed, i) {
		f.processed = append(f.processed, i)
	}
}

func (f *faultyFunction) discard(batch lambda.FailedBatch) error {
	f.failed = append(f.failed, batch)
	return nil
}

// discarded returns the records that were discarded.
func (f *faultyFunction) discarded() []int {
	var records []int
	for _, batch := range f.failed {
		first, _ := strconv.Atoi(batch.First)
		for i := range batch.Size {
			records = append(records, first+i)
		}
	}
	return records
}

func (f *faultyFunction) store(_ context.Context, number string) error {
	f.checkpoint = number
	f.checkpoints = append(f.checkpoints, number)
	upTo, _ := strconv.Atoi(number)
	discarded := f.discarded()
	for i := 1; i <= upTo; i++ {
		if !slices.Contains(f.processed, i) && !slices.Contains(discarded, i) {
			f.lost = append(f.lost, i)
		}
	}
	return nil
}

// run runs the mapping, again after each interruption, until the shard is read or a day is over.
func (f *faultyFunction) run(t *testing.T, batchSize int) {
	day, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
	defer cancel()
	source := newShard(len(f.faults))
	for !f.finished && day.Err() == nil {
		ctx, stop := context.WithCancel(day)
		f.stop = stop
		m := lambda.StreamMapping{
			Source: source, After: f.checkpoint, BatchSize: batchSize, MaximumRetryAttempts: retries,
			Invoke:     func(_ context.Context, payload []byte) ([]byte, error) { return f.invoke(t, payload) },
			Checkpoint: f.store, OnFailure: f.discard, Logger: slog.New(slog.DiscardHandler),
		}
		require.NoError(t, m.Run(ctx))
		f.finished = ctx.Err() == nil
		stop()
	}
}

// Whatever fails, each record that can be processed is processed, in order; each other record is
// discarded once, alone; no checkpoint runs ahead; and the shard is read to its end.
func TestNothingIsLostAndOnlyPoisonIsDiscarded(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		faults := rapid.SliceOfN(drawFaults(), 1, 25).Draw(rt, "faults")
		batchSize := rapid.IntRange(1, 12).Draw(rt, "batchSize")
		var good, poison []int
		for i, of := range faults {
			if of.poison {
				poison = append(poison, i+1)
			} else {
				good = append(good, i+1)
			}
		}

		f := &faultyFunction{faults: slices.Clone(faults)}
		synctest.Test(t, func(t *testing.T) { f.run(t, batchSize) })

		require.True(rt, f.finished, "waits forever")
		require.Equal(rt, good, f.processed)
		require.Equal(rt, poison, f.discarded())
		require.Len(rt, f.failed, len(poison), "one batch each")
		require.Empty(rt, f.lost)
		require.True(rt, slices.IsSortedFunc(f.checkpoints, lambda.CompareSequenceNumbers))
		require.Equal(rt, strconv.Itoa(len(faults)), f.checkpoint)
	})
}
