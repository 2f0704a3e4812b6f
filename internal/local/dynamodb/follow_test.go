package dynamodb_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/stretchr/testify/require"

	"orders/internal/local/durable"
	"orders/internal/local/dynamodb"
	"orders/internal/local/lambda"
	"orders/internal/local/sqs"
)

// Longer than the defaults, so that the hours that tests sleep through cost little.
const (
	pause     = 2 * time.Second
	discovery = 10 * time.Second
)

// reader is a function, and the data folder of a service that feeds it from a stream. It notes how far it has got
// with each order.
type reader struct {
	client *dynamodbstreams.Client
	folder string

	mu       sync.Mutex
	seen     map[int]int // the last change of each order
	handed   int         // changes, repeated ones included
	skipped  []string    // changes that came before an earlier one of their order
	payloads [][]byte
	takes    time.Duration // what an invocation takes
	log      strings.Builder
}

func newReader(client *dynamodbstreams.Client, folder string) *reader {
	return &reader{client: client, folder: folder, seen: make(map[int]int)}
}

// start follows the stream, from the checkpoints in the folder on, until stop is called. stop returns what Run did.
func (r *reader) start(t *testing.T) (stop func() error) {
	marks, err := durable.OpenCheckpoints(r.folder, streamARN)
	require.NoError(t, err)
	return r.startFrom(t, marks)
}

func (r *reader) startFrom(t *testing.T, marks dynamodb.Checkpoints) (stop func() error) {
	f := &dynamodb.StreamReader{Client: r.client, StreamARN: streamARN, Checkpoints: marks, Pause: pause, Discovery: discovery, Mapping: lambda.StreamMapping{
		Name:                 "table-update",
		Invoke:               r.invoke,
		Timeout:              24 * time.Hour,
		BatchSize:            4,
		MaximumRetryAttempts: -1,
		DeadLetters:          new(sqs.List),
		Logger:               slog.New(slog.NewTextHandler(r, nil)),
	}}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- f.Run(ctx) }()
	return func() error {
		cancel()
		return <-result
	}
}

func (r *reader) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	r.mu.Lock()
	takes := r.takes
	r.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var batch struct {
		Records []struct {
			Change struct {
				NewImage struct {
					OrderID struct{ S string } `json:"orderId"`
					Number  struct{ N string } `json:"number"`
				}
			} `json:"dynamodb"`
		}
	}
	if err := json.Unmarshal(payload, &batch); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.payloads = append(r.payloads, payload)
	for _, record := range batch.Records {
		r.take(record.Change.NewImage.OrderID.S, record.Change.NewImage.Number.N)
	}
	return nil, nil
}

func (r *reader) take(orderID, number string) {
	order, _ := strconv.Atoi(orderID)
	change, _ := strconv.Atoi(number)
	r.handed++
	switch last := r.seen[order]; {
	case change == last+1:
		r.seen[order] = change
	case change > last:
		r.skipped = append(r.skipped, orderID+": "+number)
	}
}

// Write is the log's.
func (r *reader) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(line)
}

func (r *reader) logged() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

func (r *reader) slow(takes time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.takes = takes
}

// total is how many changes were handed over.
func (r *reader) total() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.handed
}

// sum is how many changes were handed over, each counted once.
func (r *reader) sum() (sum int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, changes := range r.seen {
		sum += changes
	}
	return sum
}

// marks is the file of the checkpoints.
func (r *reader) marks(t *testing.T) (path string, text []byte) {
	files, err := filepath.Glob(filepath.Join(r.folder, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	text, err = os.ReadFile(files[0])
	require.NoError(t, err)
	return files[0], text
}

// mark is what the disk says of a shard.
func (r *reader) mark(t *testing.T, shardID string) durable.Checkpoint {
	marks, err := durable.OpenCheckpoints(r.folder, streamARN)
	require.NoError(t, err)
	return marks.Get(shardID)
}
