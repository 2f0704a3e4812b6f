package eventbridge

import (
	"bytes"
	"context"
	"log/slog"
	"time"

	"orders/internal/local/sqs"
)

const (
	attemptTimeout = time.Minute
	concurrency    = 64 // attempts at a time, on the whole bus
)

// backoff has the delay before each retry.
var backoff = [...]time.Duration{time.Second, 2 * time.Second}

// A delivery is one event on its way to one target.
type delivery struct {
	rule     Rule
	event    Event
	payload  []byte
	attempts int
}

// deliver calls the target until it succeeds, the retries are exhausted or the bus stops. Each
// delivery has its own goroutine, so one that waits for a slot or for its next retry holds up no
// other.
func (b *Bus) deliver(d delivery) {
	for {
		if !b.takeSlot() {
			b.deadLetter(d, sqs.ServiceStopped, nil)
			return
		}
		d.attempts++
		err := b.attempt(d)
		<-b.slots
		if err == nil {
			return
		}
		if d.attempts > len(backoff) {
			b.deadLetter(d, sqs.RetriesExhausted, err)
			return
		}
		if !b.waitToRetry(backoff[d.attempts-1]) {
			b.deadLetter(d, sqs.ServiceStopped, err)
			return
		}
	}
}

func (b *Bus) attempt(d delivery) error {
	ctx, cancel := context.WithTimeout(b.stopped, attemptTimeout)
	defer cancel()
	return d.rule.Target(ctx, bytes.Clone(d.payload))
}

// takeSlot waits until a target may be called. It returns false if the bus stops first.
func (b *Bus) takeSlot() bool {
	select {
	case b.slots <- struct{}{}:
		return true
	case <-b.stopped.Done():
		return false
	}
}

// waitToRetry waits after a failed attempt. It returns false if the bus begins to close first.
func (b *Bus) waitToRetry(delay time.Duration) bool {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-b.closing:
		return false
	}
}

// deadLetter logs a failed delivery and adds it to the dead letters; cause is the last error, or
// nil if the target was never called. The log contains only the event's ID and type, because
// details contain addresses and payment tokens.
func (b *Bus) deadLetter(d delivery, reason string, cause error) {
	entry := sqs.Entry{
		Time:     time.Now().UTC(),
		Source:   d.rule.Name,
		Reason:   reason,
		Attempts: d.attempts,
		Event:    d.payload,
	}
	if cause != nil {
		entry.Error = cause.Error()
	}
	if err := b.options.DeadLetters.Add(entry); err != nil {
		b.options.Logger.Error("dead letter lost", slog.String("eventId", d.event.ID), slog.String("error", err.Error()))
	}
	b.options.Logger.Error("event not delivered",
		slog.String("rule", d.rule.Name),
		slog.String("eventId", d.event.ID),
		slog.String("detailType", d.event.DetailType),
		slog.String("reason", reason),
		slog.Int("attempts", d.attempts),
		slog.String("error", entry.Error))
}
