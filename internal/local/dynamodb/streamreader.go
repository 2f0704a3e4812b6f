package dynamodb

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"orders/internal/local/durable"
	"orders/internal/local/lambda"
	"orders/internal/safehttp"
)

const (
	defaultPause     = 100 * time.Millisecond
	defaultDiscovery = 2 * time.Second

	attemptTimeout = 5 * time.Second  // a response may contain a megabyte
	callTimeout    = 10 * time.Second // bounds a call, reading the response included
)

// A StreamReader reads the stream of a table. Every shard is passed to a function by an event
// source mapping of its own, and a shard begins only after its parent has been read to its end.
// Therefore a record of one order never overtakes an earlier one, however shards are split.
//
// Client, StreamARN, Checkpoints and Mapping are required. A StreamReader may run once at a time.
type StreamReader struct {
	Client      *dynamodbstreams.Client // from NewStreamsClient: the StreamReader retries
	StreamARN   string
	Checkpoints Checkpoints // of this stream

	// Mapping is the mapping of every shard. Its Source, StreamARN, ShardID, After and Checkpoint
	// are set for each shard; its Invoke is called concurrently, once at a time for each shard. Its
	// Logger is the StreamReader's too.
	Mapping lambda.StreamMapping

	Pause     time.Duration // before a shard without new records is read again; 0: 100 ms
	Discovery time.Duration // between lists of the shards; 0: 2 s
}

// Checkpoints are the checkpoints of a stream's shards, as [durable.Checkpoints] keeps them. They
// are used concurrently. A change that cannot be stored must still count in this process.
type Checkpoints interface {
	Get(shardID string) durable.Checkpoint
	Advance(shardID, sequenceNumber string) error
	End(shardID string) error
	Prune(shardIDs map[string]bool) error
}

var _ Checkpoints = (*durable.Checkpoints)(nil)

// NewStreamsClient returns a client with its own connections that attempts a call once, because a
// [StreamReader] retries. Of cfg, the HTTP client and everything about retries are ignored. The
// texts of its errors contain nothing of any record.
func NewStreamsClient(cfg aws.Config, endpoint string) *dynamodbstreams.Client {
	return dynamodbstreams.NewFromConfig(cfg, func(o *dynamodbstreams.Options) {
		o.BaseEndpoint = aws.String(endpoint)
		o.HTTPClient = safehttp.NewClient(safehttp.NewTransport(), attemptTimeout)
		o.Retryer, o.RetryMaxAttempts = aws.NopRetryer{}, 0
		o.APIOptions = append(o.APIOptions, safehttp.RedactCalls)
	})
}

// Run passes the stream's records to the function until ctx ends, and returns nil when nothing is
// in flight any more. Every record is passed at least once, those of one order in their order;
// after a restart, from the checkpoints on. Errors of the stream are logged and retried. Run
// returns an error only if the stream does not exist, and then no checkpoint is changed, or if
// Mapping lacks a required field.
func (r *StreamReader) Run(ctx context.Context) error {
	run := &run{
		StreamReader: *r,
		log:          cmp.Or(r.Mapping.Logger, slog.Default()),
		reading:      make(map[string]*reading),
		ended:        make(chan ending),
	}
	run.Pause = cmp.Or(r.Pause, defaultPause)
	run.Discovery = cmp.Or(r.Discovery, defaultDiscovery)
	defer run.shards.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for ctx.Err() == nil {
		shards, err := run.list(ctx)
		switch {
		case err == nil:
			run.update(ctx, shards)
		case is[*types.ResourceNotFoundException](err):
			return fmt.Errorf("stream %s does not exist: its table was deleted or replaced", r.StreamARN)
		case ctx.Err() == nil:
			run.log.Warn("list shards failed", slog.String("error", err.Error()))
		}
		if err := run.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// A run is the state of a running StreamReader. Only Run's goroutine uses its map.
type run struct {
	StreamReader
	log     *slog.Logger
	shards  sync.WaitGroup
	reading map[string]*reading // by shard ID
	ended   chan ending
}

// A reading is one shard that is being read.
type reading struct {
	source *shardReader
	stop   context.CancelFunc
}

// An ending is the result of a reading.
type ending struct {
	shardID string
	err     error
}

// A shard is a part of the stream: the changes of some of the table's keys, during some time.
type shard struct {
	id     string
	parent string // the shard that held these keys before; empty: none
}

// list returns all shards that the stream has. If it cannot return all, it returns an error,
// because a shard whose parent is missing would look like one that can begin.
func (r *StreamReader) list(ctx context.Context) ([]shard, error) {
	var shards []shard
	input := &dynamodbstreams.DescribeStreamInput{StreamArn: &r.StreamARN}
	for {
		page, err := r.describe(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, s := range page.StreamDescription.Shards {
			shards = append(shards, shard{aws.ToString(s.ShardId), aws.ToString(s.ParentShardId)})
		}
		input.ExclusiveStartShardId = page.StreamDescription.LastEvaluatedShardId
		if input.ExclusiveStartShardId == nil {
			return shards, nil
		}
	}
}

func (r *StreamReader) describe(ctx context.Context, input *dynamodbstreams.DescribeStreamInput) (*dynamodbstreams.DescribeStreamOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return r.Client.DescribeStream(ctx, input)
}

// update prunes what the stream no longer has, and begins every shard that can begin.
func (r *run) update(ctx context.Context, shards []shard) {
	listed := make(map[string]bool, len(shards))
	for _, s := range shards {
		listed[s.id] = true
	}
	if err := r.Checkpoints.Prune(listed); err != nil {
		r.log.Error("checkpoints not pruned", slog.String("error", err.Error()))
	}
	for id, reading := range r.reading {
		// The list alone may be stale, and one failed read alone may be an error of DynamoDB.
		if !listed[id] && reading.source.gone.Load() {
			r.log.Warn("shard removed before it was read to its end", slog.String("shard", id))
			reading.stop()
		}
	}
	for _, s := range shards {
		if r.canBegin(s, listed) {
			r.begin(ctx, s.id)
		}
	}
}

// canBegin reports whether a shard has not begun and nothing is left to read of its parent. A
// parent that is not listed is older than the records that the stream keeps.
func (r *run) canBegin(s shard, listed map[string]bool) bool {
	if r.isReading(s.id) || r.Checkpoints.Get(s.id).Ended {
		return false
	}
	parentLeft := listed[s.parent] && !r.Checkpoints.Get(s.parent).Ended
	return !parentLeft && !r.isReading(s.parent)
}

func (r *run) isReading(shardID string) bool { return r.reading[shardID] != nil }

// begin reads a shard in a goroutine of its own.
func (r *run) begin(ctx context.Context, id string) {
	m := r.Mapping
	source := &shardReader{StreamReader: &r.StreamReader, shardID: id, log: r.log}
	m.Source, m.StreamARN, m.ShardID, m.After = source, r.StreamARN, id, r.Checkpoints.Get(id).After
	m.Checkpoint = func(_ context.Context, sequenceNumber string) error {
		return r.Checkpoints.Advance(id, sequenceNumber)
	}
	r.log.Info("shard begun", slog.String("shard", id), slog.String("after", m.After))
	shardCtx, stop := context.WithCancel(ctx)
	r.reading[id] = &reading{source, stop}
	r.shards.Go(func() {
		defer stop()
		err := r.read(shardCtx, m)
		select {
		case r.ended <- ending{id, err}:
		case <-ctx.Done():
		}
	})
}

func (r *run) read(ctx context.Context, m lambda.StreamMapping) error {
	err := m.Run(ctx)
	if err != nil || ctx.Err() != nil {
		return err // not read to its end
	}
	if err := r.Checkpoints.End(m.ShardID); err != nil {
		r.log.Error("checkpoint not stored", slog.String("shard", m.ShardID), slog.String("error", err.Error()))
	}
	return nil
}

// wait returns when the shards must be listed again: after the Discovery pause, or when a shard
// ends, because others may have waited for it.
func (r *run) wait(ctx context.Context) error {
	timer := time.NewTimer(r.Discovery)
	defer timer.Stop()
	select {
	case e := <-r.ended:
		delete(r.reading, e.shardID)
		return e.err
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil
}
