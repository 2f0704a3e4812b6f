// Package stream follows the DynamoDB stream of a table: every shard is fed to a function by an event source mapping
// of its own, and a shard is begun only when the one it came from has been read to its end. A record of one order
// thus never overtakes an earlier one, however shards are split.
package dynamodb

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"orders/internal/local/durable"
	"orders/internal/local/lambda"
)

const (
	defaultPause     = 100 * time.Millisecond
	defaultDiscovery = 2 * time.Second

	// callTimeout bounds a call to the stream, the client's retries included.
	callTimeout = 10 * time.Second
)

// A StreamReader follows one stream. Client, StreamARN, Checkpoints and Mapping are required; it may be run once at a time.
type StreamReader struct {
	Client      *dynamodbstreams.Client // one from NewClient: the StreamReader itself asks again after errors
	StreamARN   string
	Checkpoints Checkpoints // of this stream

	// Mapping is what every shard is read with. Its Source, ShardID, After and Checkpoint are set for each shard;
	// its Invoke is called concurrently, once at a time for each shard. Its Logger is the StreamReader's as well.
	Mapping lambda.StreamMapping

	Pause     time.Duration // before a shard that had nothing new is asked again; 0: 100 ms
	Discovery time.Duration // between looks for new shards; 0: 2 s
}

// Checkpoints are the marks of a stream's shards, as [durable.Checkpoints] keeps them. They are used concurrently. A change
// that cannot be stored must still count in this process.
type Checkpoints interface {
	Get(shardID string) durable.Checkpoint
	Advance(shardID, sequenceNumber string) error
	End(shardID string) error
	Prune(shardIDs map[string]bool) error
}

var _ Checkpoints = (*durable.Checkpoints)(nil)

// Run hands over what the stream holds and will hold, until ctx ends; it then returns nil once nothing is under way
// any more. Every record is handed over at least once, those of one order in their order; after a restart, from the
// checkpoints on. Other errors of the stream are logged and outlived: the error is that the stream does not exist, in
// which case no mark was changed for it, or that Mapping lacks a required field.
func (f *StreamReader) Run(ctx context.Context) error {
	run := &run{
		StreamReader: *f,
		log:          cmp.Or(f.Mapping.Logger, slog.Default()),
		reading:      make(map[string]*reading),
		ended:        make(chan ending),
	}
	run.Pause = cmp.Or(f.Pause, defaultPause)
	run.Discovery = cmp.Or(f.Discovery, defaultDiscovery)
	defer run.shards.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for ctx.Err() == nil {
		shards, err := run.list(ctx)
		switch {
		case err == nil:
			run.heed(ctx, shards)
		case isMissing(err):
			return fmt.Errorf("stream %s does not exist: its table was dropped, or is another one than before", f.StreamARN)
		case ctx.Err() == nil:
			run.log.Warn("shards not listed, asking again", slog.String("error", err.Error()))
		}
		if err := run.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}
