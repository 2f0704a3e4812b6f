package sqs

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// A Consumer passes the messages of a queue to a function. Queue, Handle and RetryDelay are
// required.
type Consumer struct {
	Queue       *Queue
	BatchSize   int // maximum messages in a batch; 0: 1
	Concurrency int // batches at a time; 0: 1

	// Handle handles a batch. It returns the messages that failed, by ID, with the reason. They are
	// retried, all others are deleted. It must return soon after ctx ends, must not panic, and is
	// called concurrently.
	Handle func(ctx context.Context, batch []Message) (failed map[string]error)

	// RetryDelay returns how long a message that failed stays invisible, by the number of times
	// that it has been received.
	RetryDelay func(receives int) time.Duration
}

// receiveWait is how long one receive waits for messages, and the pause after one that failed.
const (
	receiveWait  = 20 * time.Second
	receivePause = time.Second
)

// Run receives messages until ctx ends, and returns when the batches in progress are done. Handle's
// context is work, so that batches in progress may outlive ctx.
func (c Consumer) Run(ctx, work context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, max(c.Concurrency, 1))
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		batch, err := c.Queue.Receive(ctx, max(c.BatchSize, 1), c.Queue.VisibilityTimeout, receiveWait)
		if ctx.Err() != nil {
			c.release(batch)
			return
		}
		if err != nil {
			c.Queue.service.log.Error("receive failed", slog.String("queue", c.Queue.Name), slog.String("error", err.Error()))
			pause(ctx, receivePause)
		}
		running.Go(func() {
			defer func() { <-slots }()
			c.handle(work, batch)
		})
	}
}

// release makes messages that are not handled visible.
func (c Consumer) release(batch []Message) {
	for _, m := range batch {
		c.Queue.ChangeVisibility(m.Receipt, 0)
	}
}

func (c Consumer) handle(ctx context.Context, batch []Message) {
	if len(batch) == 0 {
		return
	}
	failed := c.Handle(ctx, batch)
	var done []string
	for _, m := range batch {
		err, ok := failed[m.ID]
		switch {
		case !ok:
			done = append(done, m.Receipt)
		case ctx.Err() != nil: // stopped, not failed
			c.Queue.ChangeVisibility(m.Receipt, 0)
		default:
			c.Queue.Retry(m.Receipt, c.retryDelay(m), err.Error())
		}
	}
	if err := c.Queue.Delete(done...); err != nil {
		c.Queue.service.log.Error("message not deleted", slog.String("queue", c.Queue.Name), slog.String("error", err.Error()))
	}
}

// retryDelay is zero after the last receive, because the message then becomes a dead letter.
func (c Consumer) retryDelay(m Message) time.Duration {
	if c.Queue.deadLetters != nil && m.ReceiveCount >= c.Queue.MaxReceiveCount {
		return 0
	}
	return c.RetryDelay(m.ReceiveCount)
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
