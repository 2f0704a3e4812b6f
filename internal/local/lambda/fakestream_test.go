package lambda_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/lambda"
)

// A fakeShard is a closed shard: it ends after its last record.
type fakeShard struct {
	records []lambda.Record
	errs    []error // returned first
	reads   []string
}

func (s *fakeShard) Read(ctx context.Context, after string, limit int) ([]lambda.Record, error) {
	s.reads = append(s.reads, after)
	if len(s.errs) > 0 {
		err := s.errs[0]
		s.errs = s.errs[1:]
		return nil, err
	}
	for i, record := range s.records {
		if after == "" || lambda.CompareSequenceNumbers(record.SequenceNumber, after) > 0 {
			return s.records[i:min(i+limit, len(s.records))], ctx.Err()
		}
	}
	return nil, lambda.ErrShardEnd
}

// newShard returns a shard with the records 1 to n. The numbers change length, so that text order
// would be wrong.
func newShard(n int) *fakeShard {
	s := new(fakeShard)
	for i := range n {
		s.records = append(s.records, record(i+1))
	}
	return s
}

func record(i int) lambda.Record {
	number := strconv.Itoa(i)
	data := fmt.Sprintf(`{"eventName":"INSERT","dynamodb":{"SequenceNumber":%q}}`, number)
	return lambda.Record{SequenceNumber: number, Data: json.RawMessage(data)}
}

// numbers returns the sequence numbers in a function's payload.
func numbers(t require.TestingT, payload []byte) []string {
	var event struct {
		Records []struct {
			Dynamodb struct{ SequenceNumber string }
		}
	}
	require.NoError(t, json.Unmarshal(payload, &event))
	all := make([]string, len(event.Records))
	for i, r := range event.Records {
		all[i] = r.Dynamodb.SequenceNumber
	}
	return all
}

// report returns the response of a function that failed at these records.
func report(failed ...string) []byte {
	type failure struct {
		ItemIdentifier string `json:"itemIdentifier"`
	}
	list := make([]failure, len(failed))
	for i, number := range failed {
		list[i].ItemIdentifier = number
	}
	response, _ := json.Marshal(map[string]any{"batchItemFailures": list})
	return response
}

// A scenario runs a mapping on a shard and records what happens.
type scenario struct {
	mapping     lambda.StreamMapping
	batches     [][]string
	at          []time.Duration // since the start, of each batch
	checkpoints []string
	discarded   []lambda.FailedBatch
}

func (s *scenario) discard(batch lambda.FailedBatch) error {
	s.discarded = append(s.discarded, batch)
	return nil
}

// newScenario returns a scenario with 2 retries and waits of exactly 50, 100, 200 ... ms. function
// receives each batch.
func newScenario(t *testing.T, source lambda.ShardReader, function func(batch []string) ([]byte, error)) *scenario {
	s := new(scenario)
	start := time.Now()
	s.mapping = lambda.StreamMapping{
		Source:               source,
		ShardID:              "shard-0",
		Name:                 "table-update",
		MaximumRetryAttempts: 2,
		OnFailure:            s.discard,
		Jitter:               func() float64 { return 0 },
		Logger:               slog.New(slog.DiscardHandler),
		Invoke: func(_ context.Context, payload []byte) ([]byte, error) {
			batch := numbers(t, payload)
			s.batches = append(s.batches, batch)
			s.at = append(s.at, time.Since(start))
			return function(batch)
		},
		Checkpoint: func(_ context.Context, number string) error {
			s.checkpoints = append(s.checkpoints, number)
			return nil
		},
	}
	return s
}
