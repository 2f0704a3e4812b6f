package eventbridge

import (
	"bytes"
	"context"
	"log/slog"
	"time"

	"orders/internal/local/sqs"
)

// Delivery says how events reach their targets.
type Delivery struct {
	RetryAfter  []time.Duration // waits before each retry; nil: 1 s and 2 s; empty but not nil: no retries
	Timeout     time.Duration   // of one attempt; 0: a minute
	Concurrency int             // attempts under way at once, of the whole bus; 0: 64
}

func (d Delivery) withDefaults() Delivery {
	if d.RetryAfter == nil {
		d.RetryAfter = []time.Duration{time.Second, 2 * time.Second}
	}
	if d.Timeout == 0 {
		d.Timeout = time.Minute
	}
	if d.Concurrency == 0 {
		d.Concurrency = 64
	}
	return d
}

// delivery is one event on its way to one target.
type delivery struct {
	rule     Rule
	event    Event
	payload  []byte
	attempts int
}

// deliver tries until the target has taken the event, the retries are used up or the bus stops. Each delivery has a
// goroutine of its own: one that waits, for a slot or for its next retry, costs no more than its place in a queue
// would, and holds up nobody.
func (b *Bus) deliver(d delivery) {
	for {
		if !b.takeSlot() {
			b.giveUp(d, sqs.ServiceStopped, nil)
			return
		}
		d.attempts++
		err := b.attempt(d)
		<-b.slots
		if err == nil {
			return
		}
		if d.attempts > len(b.options.Delivery.RetryAfter) {
			b.giveUp(d, sqs.RetriesExhausted, err)
			return
		}
		if !b.waitToRetry(d.attempts) {
			b.giveUp(d, sqs.ServiceStopped, err)
			return
		}
	}
}

func (b *Bus) attempt(d delivery) error {
	ctx, cancel := context.WithTimeout(b.stopped, b.options.Delivery.Timeout)
	defer cancel()
	return d.rule.Target(ctx, bytes.Clone(d.payload))
}

// takeSlot waits for leave to call a target; false means that the bus stopped first.
func (b *Bus) takeSlot() bool {
	select {
	case b.slots <- struct{}{}:
		return true
	case <-b.stopped.Done():
		return false
	}
}

// waitToRetry waits after a failed attempt; false means that the bus closes and nothing is retried.
func (b *Bus) waitToRetry(attempts int) bool {
	timer := time.NewTimer(b.options.Delivery.RetryAfter[attempts-1])
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-b.closing:
		return false
	}
}

// giveUp tells the log and the dead letters; cause is the last failure, nil if the target was never tried. The log
// gets no part of the event but its id and type, since details carry addresses and payment tokens.
func (b *Bus) giveUp(d delivery, reason string, cause error) {
	entry := sqs.Entry{
		Time:     b.options.Now().UTC(),
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
	b.options.Logger.Error("event given up",
		slog.String("rule", d.rule.Name),
		slog.String("eventId", d.event.ID),
		slog.String("detailType", d.event.DetailType),
		slog.String("reason", reason),
		slog.Int("attempts", d.attempts),
		slog.String("error", entry.Error))
}
