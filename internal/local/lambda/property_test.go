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
	"orders/internal/local/sqs"
)

const retries = 3

// fault is how the function fails once.
type fault int

const (
	throws    fault = iota // a function error
	reports                // reports the first record of the batch
	garbles                // answers what is no batch response
	interrupt              // the service is stopped meanwhile, and started again
)

// fate is what befalls one record.
type fate struct {
	atHead []fault // what goes wrong while the record heads a batch, before it goes right; at most `retries`
	inside int     // how often it is reported as failed further inside of a batch
	poison bool    // never goes right: as the head of a batch it makes the function fail
	blunt  bool    // and also further inside, where it would otherwise be reported
}

func drawFate() *rapid.Generator[fate] {
	return rapid.Custom(func(t *rapid.T) fate {
		return fate{
			atHead: rapid.SliceOfN(rapid.SampledFrom([]fault{throws, reports, garbles, interrupt}), 0, retries).Draw(t, "atHead"),
			inside: rapid.IntRange(0, 2).Draw(t, "inside"),
			poison: rapid.IntRange(0, 3).Draw(t, "poison") == 0,
			blunt:  rapid.Bool().Draw(t, "blunt"),
		}
	})
}

// world is a function with its fates, and what it and the mapping did. The records are numbered from 1.
type world struct {
	fates       []fate
	taken       []int // records that the function took, when it took them first
	checkpoint  string
	lost        []int // records that a checkpoint covered before they were taken or given up
	dead        sqs.List
	stop        context.CancelFunc
	finished    bool
	checkpoints []string
}

func (w *world) invoke(t require.TestingT, payload []byte) ([]byte, error) {
	batch := numbers(t, payload)
	head := w.fate(batch[0])
	if len(head.atHead) > 0 {
		next := head.atHead[0]
		head.atHead = head.atHead[1:]
		return w.fail(next, batch[0])
	}
	for i, number := range batch {
		switch of := w.fate(number); {
		case of.poison && (i == 0 || of.blunt):
			return nil, errFunction
		case of.poison:
			return report(number), nil
		case i > 0 && of.inside > 0:
			of.inside--
			return report(number), nil
		}
		w.take(number)
	}
	return nil, nil
}

func (w *world) fail(how fault, head string) ([]byte, error) {
	switch how {
	case reports:
		return report(head), nil
	case garbles:
		return []byte(`{"batchItemFailures":[{"itemIdentifier":"none"}]}`), nil
	case interrupt:
		w.stop()
		return nil, context.Canceled
	default:
		return nil, errFunction
	}
}

func (w *world) fate(number string) *fate {
	i, _ := strconv.Atoi(number)
	return &w.fates[i-1]
}

func (w *world) take(number string) {
	i, _ := strconv.Atoi(number)
	if !slices.Contains(w.taken, i) {
		w.taken = append(w.taken, i)
	}
}

// givenUp lists the records in the dead letters, those of a longer batch among them.
func (w *world) givenUp() []int {
	var records []int
	for _, entry := range w.dead.All() {
		first, _ := strconv.Atoi(entry.Batch.StartSequenceNumber)
		for i := range entry.Batch.BatchSize {
			records = append(records, first+i)
		}
	}
	return records
}

func (w *world) store(_ context.Context, number string) error {
	w.checkpoint = number
	w.checkpoints = append(w.checkpoints, number)
	upTo, _ := strconv.Atoi(number)
	givenUp := w.givenUp()
	for i := 1; i <= upTo; i++ {
		if !slices.Contains(w.taken, i) && !slices.Contains(givenUp, i) {
			w.lost = append(w.lost, i)
		}
	}
	return nil
}

// run starts the mapping, again whenever it was interrupted, until the shard is read or a day is over.
func (w *world) run(t *testing.T, batchSize int) {
	day, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
	defer cancel()
	source := streamOf(len(w.fates))
	for !w.finished && day.Err() == nil {
		ctx, stop := context.WithCancel(day)
		w.stop = stop
		m := lambda.StreamMapping{
			Source: source, After: w.checkpoint, BatchSize: batchSize, MaximumRetryAttempts: retries,
			Invoke:     func(_ context.Context, payload []byte) ([]byte, error) { return w.invoke(t, payload) },
			Checkpoint: w.store, DeadLetters: &w.dead, Logger: slog.New(slog.DiscardHandler),
		}
		require.NoError(t, m.Run(ctx))
		w.finished = ctx.Err() == nil
		stop()
	}
}

// Whatever befalls the records: each that can be taken is taken, in order; each that cannot is given up once, alone;
// no checkpoint runs ahead; and the shard is read to its end.
func TestNothingIsLostAndOnlyPoisonIsGivenUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fates := rapid.SliceOfN(drawFate(), 1, 25).Draw(rt, "fates")
		batchSize := rapid.IntRange(1, 12).Draw(rt, "batchSize")
		var good, poison []int
		for i, of := range fates {
			if of.poison {
				poison = append(poison, i+1)
			} else {
				good = append(good, i+1)
			}
		}

		w := &world{fates: slices.Clone(fates)}
		synctest.Test(t, func(t *testing.T) { w.run(t, batchSize) })

		require.True(rt, w.finished, "waits for ever")
		require.Equal(rt, good, w.taken)
		require.Equal(rt, poison, w.givenUp())
		require.Len(rt, w.dead.All(), len(poison), "one dead letter each")
		require.Empty(rt, w.lost)
		require.True(rt, slices.IsSortedFunc(w.checkpoints, lambda.CompareSequenceNumbers))
		require.Equal(rt, strconv.Itoa(len(fates)), w.checkpoint)
	})
}
