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
	"orders/internal/local/sqs"
)

// stream is a closed shard: it ends after its last record.
type stream struct {
	records  []lambda.Record
	mistakes []error // returned first
	reads    []string
}

func (s *stream) Read(ctx context.Context, after string, limit int) ([]lambda.Record, error) {
	s.reads = append(s.reads, after)
	if len(s.mistakes) > 0 {
		err := s.mistakes[0]
		s.mistakes = s.mistakes[1:]
		return nil, err
	}
	for i, record := range s.records {
		if after == "" || lambda.CompareSequenceNumbers(record.SequenceNumber, after) > 0 {
			return s.records[i:min(i+limit, len(s.records))], ctx.Err()
		}
	}
	return nil, lambda.ErrShardEnd
}

// streamOf returns a shard with the records 1 to n. Its numbers change length, so that text order would be wrong.
func streamOf(n int) *stream {
	s := new(stream)
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

// numbers reads the records in a function's payload.
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

// report is the answer of a function that failed from these records on.
func report(failed ...string) []byte {
	type failure struct {
		ItemIdentifier string `json:"itemIdentifier"`
	}
	list := make([]failure, len(failed))
	for i, number := range failed {
		list[i].ItemIdentifier = number
	}
	answer, _ := json.Marshal(map[string]any{"batchItemFailures": list})
	return answer
}

// scenario runs a mapping over a shard and notes what happened.
type scenario struct {
	mapping     lambda.StreamMapping
	batches     [][]string
	at          []time.Duration // since the start, of each batch
	checkpoints []string
	dead        sqs.List
}

// newScenario prepares a mapping with 2 retries and waits of exactly 50, 100, 200 ... ms. function sees each batch.
func newScenario(t *testing.T, source lambda.ShardReader, function func(batch []string) ([]byte, error)) *scenario {
	s := new(scenario)
	start := time.Now()
	s.mapping = lambda.StreamMapping{
		Source:               source,
		ShardID:              "shard-0",
		Name:                 "table-update",
		MaximumRetryAttempts: 2,
		DeadLetters:          &s.dead,
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
