package lambda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// checkpointTimeout bounds a checkpoint, which the end of Run's context does not cancel.
const checkpointTimeout = 5 * time.Second

// A shard is the state of a running StreamMapping.
type shard struct {
	StreamMapping
	position string // every record up to here is done or discarded

	// Of the record that heads the current batch:
	head        string // its sequence number
	invocations int    // how often it headed a batch
	failures    int    // how many of these count as attempts
}

// read returns the next batch. It retries after errors, and returns one only if ctx has ended or
// the shard has.
func (s *shard) read(ctx context.Context) ([]Record, error) {
	for failures := 1; ; failures++ {
		batch, err := s.Source.Read(ctx, s.position, s.BatchSize)
		if err == nil {
			err = checkOrder(s.position, batch)
		}
		switch {
		case err == nil:
			return batch[:min(len(batch), s.BatchSize)], nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, ErrShardEnd):
			return nil, err
		}
		s.Logger.Warn("shard read failed", slog.String("after", s.position), slog.String("error", err.Error()))
		s.backOff(ctx, failures)
	}
}

// process invokes the function until every record of the batch is done or discarded, or ctx ends.
// Halves of a split batch are processed in order; the recursion is as deep as a batch can be
// halved.
func (s *shard) process(ctx context.Context, batch []Record) {
	for len(batch) > 0 && ctx.Err() == nil {
		response, err := s.invoke(ctx, batch)
		if err != nil && ctx.Err() != nil {
			return // stopped, not failed
		}
		if err != nil && len(batch) > 1 {
			half := len(batch) / 2
			s.Logger.Warn("batch split after function error", s.span(batch), slog.String("error", err.Error()))
			s.process(ctx, batch[:half])
			batch = batch[half:]
			continue
		}
		done := 0
		if err == nil {
			done, err = completed(batch, response)
		}
		if err != nil {
			done = s.fail(ctx, batch, err)
		}
		s.advance(ctx, batch[:done])
		batch = batch[done:]
	}
}

func (s *shard) invoke(ctx context.Context, batch []Record) ([]byte, error) {
	if head := batch[0].SequenceNumber; head != s.head {
		s.head, s.invocations, s.failures = head, 0, 0
	}
	s.invocations++
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	return s.Invoke(ctx, event(batch))
}

// fail counts a failure of the whole batch. It waits before the retry or, after the last one,
// discards the batch. It returns how many records are not retried.
func (s *shard) fail(ctx context.Context, batch []Record, cause error) int {
	s.failures++
	if s.MaximumRetryAttempts >= 0 && s.failures > s.MaximumRetryAttempts {
		err := s.discard(batch, cause)
		if err == nil {
			return len(batch)
		}
		cause = errors.Join(cause, err)
	}
	s.Logger.Warn("batch failed", s.span(batch), slog.Int("attempt", s.failures), slog.String("error", cause.Error()))
	s.backOff(ctx, s.failures)
	return 0
}

// discard passes the batch to OnFailure. If that fails, the batch is not discarded, because its
// records would be lost without a trace.
func (s *shard) discard(batch []Record, cause error) error {
	err := s.OnFailure(FailedBatch{
		StreamARN: s.StreamARN, ShardID: s.ShardID, First: batch[0].SequenceNumber, Last: batch[len(batch)-1].SequenceNumber,
		Size: len(batch), Invocations: s.invocations, Time: s.Now().UTC(), Err: cause,
	})
	if err == nil {
		s.Logger.Error("batch discarded", s.span(batch), slog.Int("invocations", s.invocations), slog.String("error", cause.Error()))
	}
	return err
}

// advance moves the position behind records that are done or discarded. It ignores the end of ctx:
// what was done must not be repeated only because the service stops.
func (s *shard) advance(ctx context.Context, done []Record) {
	if len(done) == 0 {
		return
	}
	s.position = done[len(done)-1].SequenceNumber
	if s.Checkpoint == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkpointTimeout)
	defer cancel()
	if err := s.Checkpoint(ctx, s.position); err != nil {
		s.Logger.Error("checkpoint not stored", slog.String("sequenceNumber", s.position), slog.String("error", err.Error()))
	}
}

// backOff waits before the retry after the given number of failures, or until ctx ends. The wait
// doubles with every failure; its second half is random, so that shards that failed together do not
// retry together.
func (s *shard) backOff(ctx context.Context, failures int) {
	wait := s.RetryWait
	for range failures - 1 {
		if wait >= s.RetryWaitMaximum {
			break
		}
		wait *= 2
	}
	wait = min(wait, s.RetryWaitMaximum)
	wait = wait/2 + time.Duration(s.Jitter()*float64(wait/2))
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// span names a batch in the log, where its records must not appear.
func (s *shard) span(batch []Record) slog.Attr {
	first, last := batch[0].SequenceNumber, batch[len(batch)-1].SequenceNumber
	return slog.String("batch", fmt.Sprintf("%s to %s (%d records)", first, last, len(batch)))
}
