package dynamodb

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"orders/internal/local/lambda"
)

// A run is a StreamReader at work. The goroutine of Run alone touches its maps.
type run struct {
	StreamReader
	log     *slog.Logger
	shards  sync.WaitGroup
	reading map[string]*reading // by the shard's id
	ended   chan ending
}

// A reading is one shard that is being read.
type reading struct {
	source *source
	stop   context.CancelFunc
}

// An ending is a reading's last word.
type ending struct {
	shardID string
	err     error
}

// heed forgets what the stream has forgotten, and begins every shard that can be begun.
func (r *run) heed(ctx context.Context, shards []shard) {
	listed := make(map[string]bool, len(shards))
	for _, s := range shards {
		listed[s.id] = true
	}
	if err := r.Checkpoints.Prune(listed); err != nil {
		r.log.Error("marks of former shards not removed", slog.String("error", err.Error()))
	}
	for id, reading := range r.reading {
		// The list alone might be behind, and a shard that cannot be found may only be asked for in the wrong place.
		if !listed[id] && reading.source.gone.Load() {
			r.log.Warn("shard is gone before it was read to its end", slog.String("shard", id))
			reading.stop()
		}
	}
	for _, s := range shards {
		if r.isDue(s, listed) {
			r.begin(ctx, s.id)
		}
	}
}

// isDue tells whether the shard is to be begun: it was not yet, and of what came before it nothing is left to read. A
// parent that is not listed is older than what the stream keeps.
func (r *run) isDue(s shard, listed map[string]bool) bool {
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
	source := &source{StreamReader: &r.StreamReader, shardID: id, log: r.log}
	m.Source, m.ShardID, m.After = source, id, r.Checkpoints.Get(id).After
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
		r.log.Error("end of shard not stored", slog.String("shard", m.ShardID), slog.String("error", err.Error()))
	}
	return nil
}

// wait returns when it is time to look for shards again: after a while, or when one has been read, since others may
// have waited for that.
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
