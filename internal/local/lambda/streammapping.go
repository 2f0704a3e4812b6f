// Package mapping is a Lambda event source mapping in this process: it reads one shard of a DynamoDB stream and
// invokes a function with batches of its records, as the real one does when ReportBatchItemFailures and
// BisectBatchOnFunctionError are on.
//
// Where AWS documents its behaviour, this follows it (Lambda developer guide, "Retain discarded records for a
// DynamoDB event source" and "Configuring partial batch response with DynamoDB and Lambda"):
//
//   - a function error splits the batch in two, and splitting does not consume the retry quota;
//   - a partial answer makes the lowest reported sequence number the checkpoint: the batch is split there, and all
//     records from it on come again;
//   - an answer that cannot be understood fails the whole batch, which is retried as it is: the function did not
//     fail, so that nothing is split;
//   - when the quota is used up, the batch in hand is discarded, its pointer goes to the on-failure destination and
//     the stream goes on.
//
// It follows that only a function error isolates a bad record. A function that keeps reporting the first record of a
// batch, instead of failing, takes the rest of that batch along when the quota ends. This is kept on purpose: a local
// run that spared the neighbours would hide what the cloud does.
//
// What AWS leaves open is decided here: the quota is counted for the record that heads the batch, and begins anew when
// another record heads it.
package lambda

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"orders/internal/local/sqs"
)

// StreamMapping feeds the records of one shard to a function. Source, Invoke and DeadLetters are required. One StreamMapping may
// be run once at a time.
type StreamMapping struct {
	Source  ShardReader
	ShardID string // names the shard in logs and dead letters
	Name    string // names the mapping there, usually after its function
	After   string // checkpoint to go on from; empty: the oldest record there is

	// Invoke runs the function with a Lambda event. An error is a function error. It must return soon after ctx ends
	// and must not panic.
	Invoke  func(ctx context.Context, payload []byte) (answer []byte, err error)
	Timeout time.Duration // of one invocation; 0: a minute

	BatchSize            int           // most records in a batch; 0: 100
	MaximumRetryAttempts int           // retries of a batch with the same first record; 0: none; negative: without end
	RetryWait            time.Duration // before the first retry, doubled for each further one; 0: 100 ms
	RetryWaitMaximum     time.Duration // 0: 10 s

	// Checkpoint stores that every record up to sequenceNumber is done or in the dead letters. It is called in
	// ascending order, and is not cut short when Run's context ends. When it fails, the mapping goes on and the next
	// checkpoint covers this one; until then a restart would hand the records over again. May be nil.
	Checkpoint func(ctx context.Context, sequenceNumber string) error

	// DeadLetters has a batch that was given up before the checkpoint that covers it. One that it cannot keep is not
	// given up, but retried on.
	DeadLetters *sqs.List

	Now    func() time.Time // nil: time.Now
	Jitter func() float64   // in [0, 1), spreads the waits; nil: math/rand/v2
	Logger *slog.Logger     // nil: slog.Default
}

func (m StreamMapping) withDefaults() StreamMapping {
	if m.Timeout == 0 {
		m.Timeout = time.Minute
	}
	if m.BatchSize == 0 {
		m.BatchSize = 100
	}
	if m.RetryWait == 0 {
		m.RetryWait = 100 * time.Millisecond
	}
	if m.RetryWaitMaximum == 0 {
		m.RetryWaitMaximum = 10 * time.Second
	}
	if m.Now == nil {
		m.Now = time.Now
	}
	if m.Jitter == nil {
		m.Jitter = rand.Float64
	}
	if m.Logger == nil {
		m.Logger = slog.Default()
	}
	m.Logger = m.Logger.With(slog.String("mapping", m.Name), slog.String("shard", m.ShardID))
	return m
}

// Run hands over the shard's records in order until ctx ends or the source says that the shard is read to its end,
// and then returns nil; ctx tells the two apart. Every record is handed over at least once: it counts as done only
// once the function has answered so or its pointer is in the dead letters, and what was under way when ctx ended is
// neither checkpointed nor counted as a failure. The only error is that of a StreamMapping that lacks a required field.
func (m StreamMapping) Run(ctx context.Context) error {
	if m.Source == nil || m.Invoke == nil || m.DeadLetters == nil {
		return errors.New("event source mapping: Source, Invoke and DeadLetters are required")
	}
	s := &shard{StreamMapping: m.withDefaults(), position: m.After}
	for ctx.Err() == nil {
		batch, err := s.read(ctx)
		if errors.Is(err, ErrShardEnd) {
			s.Logger.Info("shard read to its end", slog.String("after", s.position))
			return nil
		}
		if err == nil {
			s.process(ctx, batch)
		}
	}
	return nil
}
