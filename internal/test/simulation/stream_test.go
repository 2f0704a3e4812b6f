package simulation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"time"

	"orders/internal/local/lambda"
)

// A poller is the event source mapping of table-update, with the stream that it reads. It may end
// at any time, and then restarts from its last checkpoint.
type poller struct {
	history    *history
	random     *rand.Rand
	pace       int                // the most quanta between two reads
	stop       context.CancelFunc // ends the current run
	checkpoint string
	batches    int
	discarded  []lambda.FailedBatch
}

var errStream = errors.New("no response from the stream")

// run polls until ctx ends.
func (s *poller) run(ctx context.Context) {
	for ctx.Err() == nil {
		run, stop := context.WithCancel(ctx)
		s.stop = stop
		err := lambda.StreamMapping{
			Source:               s,
			ShardID:              "shard",
			Name:                 "table-update",
			After:                s.checkpoint,
			Invoke:               s.invoke,
			Timeout:              time.Hour, // the function's own ends sooner
			MaximumRetryAttempts: attempts,
			RetryWaitMaximum:     time.Second,
			Checkpoint:           s.keep,
			OnFailure:            s.discard,
			Jitter:               s.random.Float64,
			Logger:               slog.New(slog.DiscardHandler),
		}.Run(run)
		stop()
		if err != nil {
			panic(err)
		}
	}
}

// Read is lambda.ShardReader's. A batch ends anywhere.
func (s *poller) Read(ctx context.Context, after string, limit int) (batch []lambda.Record, err error) {
	from := 0
	if after != "" {
		if from, err = strconv.Atoi(after); err != nil {
			return nil, err
		}
	}
	time.Sleep(time.Duration(s.random.IntN(s.pace)) * quantum)
	h := s.history
	f := h.scheduler.cross(&call{at: stream, name: "poller reads", ctx: ctx, crash: s.stop,
		ready: func() bool { return len(h.table.records) > from },
		do: func(fate) string {
			records := h.table.records[from:]
			if h.scheduler.random.IntN(2) == 0 {
				records = records[:1+h.scheduler.random.IntN(min(len(records), limit))]
			}
			for _, r := range records {
				batch = append(batch, lambda.Record{SequenceNumber: strconv.Itoa(r.number), Data: r.data()})
			}
			return fmt.Sprintf("%d to %d", from+1, from+len(batch))
		}})
	if f != passes {
		return nil, errors.Join(errStream, ctx.Err())
	}
	return batch, nil
}

// invoke invokes table-update with a batch. If the poller ends, the function continues, and its
// response is lost.
func (s *poller) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	s.batches++
	h, name := s.history, fmt.Sprintf("table-update.%d", s.batches)
	if f := h.scheduler.cross(&call{at: invocation, name: name, ctx: ctx, crash: s.stop}); f != passes {
		return nil, errStream
	}
	type result struct {
		answer []byte
		err    error
	}
	done := make(chan result, 1)
	h.scheduler.spawn(func() {
		answer, err := h.tableUpdate(name, payload)
		done <- result{answer, err}
	})
	select {
	case r := <-done:
		return r.answer, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// keep stores the checkpoint.
func (s *poller) keep(ctx context.Context, sequenceNumber string) error {
	f := s.history.scheduler.cross(&call{at: checkpoint, name: "checkpoint " + sequenceNumber, ctx: ctx, crash: s.stop,
		do: func(fate) string { s.checkpoint = sequenceNumber; return "" }})
	if f != passes {
		return errStream
	}
	return nil
}

// discard keeps a batch that the mapping has discarded.
func (s *poller) discard(batch lambda.FailedBatch) error {
	s.discarded = append(s.discarded, batch)
	return nil
}

// isDeadLetter reports whether a record became a dead letter.
func (s *poller) isDeadLetter(number int) bool {
	for _, batch := range s.discarded {
		first, errFirst := strconv.Atoi(batch.First)
		last, errLast := strconv.Atoi(batch.Last)
		if errors.Join(errFirst, errLast) == nil && first <= number && number <= last {
			return true
		}
	}
	return false
}
