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
)

// Longer than the defaults, so that hours of fake time cost little.
const (
	pause     = 2 * time.Second
	discovery = 10 * time.Second
)

// A reader is a function, and the data folder of a service that invokes it with a stream's records.
// It records which change of each order it has received.
type reader struct {
	client *dynamodbstreams.Client
	folder string

	mu       sync.Mutex
	seen     map[int]int // the last change of each order
	received int         // changes, with repetitions
	skipped  []string    // changes that overtook an earlier one of their order
	payloads [][]byte
	takes    time.Duration // duration of an invocation
	log      strings.Builder
}

func newReader(client *dynamodbstreams.Client, folder string) *reader {
	return &reader{client: client, folder: folder, seen: make(map[int]int)}
}

// start reads the stream, from the checkpoints in the folder, until stop is called. stop returns
// the error of Run.
func (r *reader) start(t *testing.T) (stop func() error) {
	checkpoints, err := durable.OpenCheckpoints(r.folder, streamARN)
	require.NoError(t, err)
	return r.startFrom(t, checkpoints)
}

func (r *reader) startFrom(t *testing.T, checkpoints dynamodb.Checkpoints) (stop func() error) {
	streamReader := &dynamodb.StreamReader{Client: r.client, StreamARN: streamARN, Checkpoints: checkpoints, Pause: pause, Discovery: discovery, Mapping: lambda.StreamMapping{
		Name:                 "table-update",
		Invoke:               r.invoke,
		Timeout:              24 * time.Hour,
		BatchSize:            4,
		MaximumRetryAttempts: -1,
		OnFailure:            func(lambda.FailedBatch) error { return nil },
		Logger:               slog.New(slog.NewTextHandler(r, nil)),
	}}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- streamReader.Run(ctx) }()
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
	r.received++
	switch last := r.seen[order]; {
	case change == last+1:
		r.seen[order] = change
	case change > last:
		r.skipped = append(r.skipped, orderID+": "+number)
	}
}

// Write implements io.Writer for the log.
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

// total returns how many changes were received.
func (r *reader) total() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.received
}

// sum returns how many changes were received, without repetitions.
func (r *reader) sum() (sum int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, changes := range r.seen {
		sum += changes
	}
	return sum
}

// checkpointsFile returns the file of the checkpoints.
func (r *reader) checkpointsFile(t *testing.T) (path string, text []byte) {
	files, err := filepath.Glob(filepath.Join(r.folder, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	text, err = os.ReadFile(files[0])
	require.NoError(t, err)
	return files[0], text
}

// checkpoint returns a shard's checkpoint on the disk.
func (r *reader) checkpoint(t *testing.T, shardID string) durable.Checkpoint {
	checkpoints, err := durable.OpenCheckpoints(r.folder, streamARN)
	require.NoError(t, err)
	return checkpoints.Get(shardID)
}
