package lambda

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"
)

// A StreamMapping is an event source mapping for one shard of a DynamoDB stream: it invokes a
// function with batches of the shard's records, with ReportBatchItemFailures and
// BisectBatchOnFunctionError on.
//
// Where AWS documents the behavior, this follows it (Lambda developer guide, "Retain discarded
// records for a DynamoDB event source" and "Configuring partial batch response with DynamoDB and
// Lambda"):
//
//   - A function error splits the batch in two, and splitting does not consume a retry.
//   - A partial response makes the lowest reported sequence number the checkpoint: the batch is
//     split there, and all records from it on are retried.
//   - An invalid response fails the whole batch, which is retried unsplit, because the function did
//     not fail.
//   - After the last retry the batch is discarded, its pointer goes to the on-failure destination,
//     and the stream goes on.
//
// Therefore only a function error isolates a bad record. A function that keeps reporting the first
// record of a batch, instead of failing, takes the rest of that batch along after the last retry.
// A local run that spared the other records would hide what happens on AWS.
//
// AWS leaves open what a retry is counted for. Here it is the record that heads the batch, and the
// count starts anew when another record heads it.
//
// Source, Invoke and OnFailure are required. A StreamMapping may run once at a time.
type StreamMapping struct {
	Source    ShardReader
	ShardID   string // names the shard in logs and failed batches
	StreamARN string // in failed batches
	Name      string // names the mapping in logs, usually after its function
	After     string // checkpoint to resume from; empty: the oldest record

	// Invoke runs the function with a Lambda event. An error is a function error. It must return
	// soon after ctx ends and must not panic.
	Invoke  func(ctx context.Context, payload []byte) (response []byte, err error)
	Timeout time.Duration // of one invocation; 0: a minute

	BatchSize            int           // maximum records in a batch; 0: 100
	MaximumRetryAttempts int           // of a batch with the same first record; 0: none; negative: no limit
	RetryWait            time.Duration // before the first retry, doubled for each further one; 0: 100 ms
	RetryWaitMaximum     time.Duration // 0: 10 s

	// Checkpoint stores that every record up to sequenceNumber is done or discarded. It
	// is called in ascending order, and is not canceled when Run's context ends. If it fails, the
	// mapping goes on and the next checkpoint covers this one; until then a restart would repeat
	// the records. May be nil.
	Checkpoint func(ctx context.Context, sequenceNumber string) error

	// OnFailure stores a discarded batch before the checkpoint that covers it. If it returns an
	// error, the batch is not discarded, but retried.
	OnFailure func(batch FailedBatch) error

	Now    func() time.Time // nil: time.Now
	Jitter func() float64   // in [0, 1), spreads the waits; nil: math/rand/v2
	Logger *slog.Logger     // nil: slog.Default
}

// A Record is one change in a stream.
type Record struct {
	SequenceNumber string          // decimal, of any length
	Data           json.RawMessage // the record as in the "Records" of a Lambda event
}

// ErrShardEnd is returned by a ShardReader whose shard is closed and has been read to its end. It
// is not io.EOF, which broken connections also return.
var ErrShardEnd = errors.New("shard has been read to its end")

// A ShardReader reads one shard of a stream.
type ShardReader interface {
	// Read returns the records that follow the sequence number after, in ascending order, at least
	// one and at most limit; an empty after means from the oldest record. It waits until there is a
	// record or ctx ends, and then returns ctx's error. If the shard is closed and its last record
	// lies at or before after, it returns ErrShardEnd. Any other error is transient: the mapping
	// retries, after a wait.
	//
	// The records stay readable until the mapping has checkpointed them, however often they are
	// read. A mapping never calls Read concurrently.
	Read(ctx context.Context, after string, limit int) ([]Record, error)
}

// Run passes the shard's records to the function in order until ctx ends or the shard is read to
// its end, and then returns nil; ctx tells the two apart. Every record is passed at least once: it
// is done only when the function has reported so or OnFailure has stored it. A batch
// that was in flight when ctx ended is neither checkpointed nor counted as failed. The only error
// is that a required field is missing.
func (m StreamMapping) Run(ctx context.Context) error {
	if m.Source == nil || m.Invoke == nil || m.OnFailure == nil {
		return errors.New("stream mapping: Source, Invoke and OnFailure are required")
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

func (m StreamMapping) withDefaults() StreamMapping {
	m.Timeout = cmp.Or(m.Timeout, time.Minute)
	m.BatchSize = cmp.Or(m.BatchSize, 100)
	m.RetryWait = cmp.Or(m.RetryWait, 100*time.Millisecond)
	m.RetryWaitMaximum = cmp.Or(m.RetryWaitMaximum, 10*time.Second)
	if m.Now == nil {
		m.Now = time.Now
	}
	if m.Jitter == nil {
		m.Jitter = rand.Float64
	}
	m.Logger = cmp.Or(m.Logger, slog.Default()).With(slog.String("mapping", m.Name), slog.String("shard", m.ShardID))
	return m
}

// CompareSequenceNumbers compares two sequence numbers as numbers, whatever their length and
// leading zeros. It is negative if a comes before b, and zero if they are the same number.
func CompareSequenceNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// checkOrder guards the mapping against a ShardReader that breaks its contract: a position that
// went back or stood still would repeat the same records forever, or skip some.
func checkOrder(after string, records []Record) error {
	if len(records) == 0 {
		return errors.New("shard reader returned no records")
	}
	for _, record := range records {
		if record.SequenceNumber == "" || after != "" && CompareSequenceNumbers(record.SequenceNumber, after) <= 0 {
			return fmt.Errorf("shard reader returned sequence number %q after %q", record.SequenceNumber, after)
		}
		after = record.SequenceNumber
	}
	return nil
}
