// Package eventbridge provides an EventBridge event bus within the process. Events are kept,
// matched with the patterns of rules and delivered to the rules' targets asynchronously, with the
// retries and the dead letters of an asynchronous Lambda invocation.
package eventbridge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"orders/internal/local/sqs"
)

// A Rule sends the events that match Pattern to Target.
type Rule struct {
	Name    string // in logs and dead letters
	Pattern Pattern
	// Target handles the event's JSON, which is its own copy. If it returns an error, it is called
	// again with the event. It must return soon after ctx ends, must not panic, and is called
	// concurrently.
	Target func(ctx context.Context, event []byte) error
}

// Options configure a Bus. Only Name is required.
type Options struct {
	Name        string // entries for other buses are dropped
	Region      string
	Rules       []Rule
	DeadLetters *sqs.List     // nil means a list of the bus's own
	Events      []Event       // of earlier runs, oldest first: kept, but not delivered again
	Journal     Journal       // stores events beyond this process; nil means that none are stored
	NewID       func() string // nil means a random UUID
	Logger      *slog.Logger  // nil means slog.Default
}

// A Journal stores events. Append returns nil once the event is durable. It is called concurrently.
type Journal interface {
	Append(event Event) error
}

// A Bus is an event bus that is open until Close. It is safe for concurrent use.
type Bus struct {
	options Options

	mu     sync.Mutex
	closed bool
	events []Event

	deliveries sync.WaitGroup
	slots      chan struct{} // one element for each attempt in progress
	closing    chan struct{} // closed when Close begins, which ends retries
	stopped    context.Context
	stop       context.CancelCauseFunc // ends the attempts in progress
}

// New returns an open bus. Goroutines run only while events are delivered.
func New(options Options) *Bus {
	options = options.withDefaults()
	stopped, stop := context.WithCancelCause(context.Background())
	return &Bus{
		options: options,
		events:  slices.Clone(options.Events),
		slots:   make(chan struct{}, concurrency),
		closing: make(chan struct{}),
		stopped: stopped,
		stop:    stop,
	}
}

func (o Options) withDefaults() Options {
	o.Rules = slices.Clone(o.Rules)
	if o.DeadLetters == nil {
		o.DeadLetters = new(sqs.List)
	}
	if o.NewID == nil {
		o.NewID = uuid.NewString
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Put puts one entry on the bus and returns the ID of its event without waiting for deliveries. The
// event is delivered at least once, in no particular order, to the target of every rule that
// matches. An entry for another bus gets an ID and is dropped, as on AWS, with a warning in the
// log. A zero at means now.
//
// With a Journal, Put waits until the event is durable. The only error is the journal's: the event
// is then neither kept nor delivered, and the caller may put it again.
//
// The caller must check that detail is JSON. An event that cannot be encoded becomes a dead letter
// without payload and is not kept. After Close an event is still kept, but becomes a dead letter
// for every matching rule.
func (b *Bus) Put(busName, source, detailType string, resources []string, detail json.RawMessage, at time.Time) (id string, err error) {
	id = b.options.NewID()
	if busName != b.options.Name {
		b.options.Logger.Warn("event dropped: unknown event bus", slog.String("eventBus", busName),
			slog.String("source", source), slog.String("detailType", detailType))
		return id, nil
	}
	if at.IsZero() {
		at = time.Now()
	}
	event := Event{
		Version:    "0",
		ID:         id,
		DetailType: detailType,
		Source:     source,
		Account:    account,
		Time:       at.UTC().Truncate(time.Second),
		Region:     b.options.Region,
		Resources:  append([]string{}, resources...),
		Detail:     bytes.Clone(detail),
	}
	payload, err := event.encode()
	if err != nil {
		b.deadLetter(delivery{rule: Rule{Name: b.options.Name}, event: event}, sqs.MalformedEvent, err)
		return id, nil
	}
	if err := b.store(event); err != nil {
		return "", err
	}
	b.accept(event, payload)
	return id, nil
}

// store writes the event to the journal, before it is visible to anyone.
func (b *Bus) store(event Event) error {
	if b.options.Journal == nil {
		return nil
	}
	err := b.options.Journal.Append(event)
	if err != nil {
		b.options.Logger.Error("event not stored", slog.String("eventId", event.ID),
			slog.String("detailType", event.DetailType), slog.String("error", err.Error()))
		return fmt.Errorf("store event %s: %w", event.ID, err)
	}
	return nil
}

// accept keeps the event and starts its deliveries in one step, so that Close sees none of them or
// all.
func (b *Bus) accept(event Event, payload []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, event)
	for _, rule := range b.options.Rules {
		if !rule.Pattern.Matches(event) {
			continue
		}
		d := delivery{rule: rule, event: event, payload: payload}
		if b.closed {
			b.deadLetter(d, sqs.ServiceStopped, nil)
			continue
		}
		b.deliveries.Go(func() { b.deliver(d) })
	}
}

// Deliver sends a payload that is not an event of the bus to one target, with the retries and the
// dead letters of an event, and returns without waiting. The name takes the place of a rule's.
func (b *Bus) Deliver(name string, payload []byte, target func(ctx context.Context, payload []byte) error) {
	d := delivery{rule: Rule{Name: name, Target: target}, payload: payload}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		b.deadLetter(d, sqs.ServiceStopped, nil)
		return
	}
	b.deliveries.Go(func() { b.deliver(d) })
}

// Events returns all events, oldest first, never nil. Their resources and details are shared and
// must not be changed.
func (b *Bus) Events() []Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Event{}, b.events...)
}

// Close ends the bus. It waits for the first attempts of all deliveries; nothing is retried. If ctx
// ends first, attempts in progress are canceled and waited for, so that no goroutine outlives
// Close; the error then wraps ctx's. Events that were not delivered become dead letters with the
// reason ServiceStopped.
func (b *Bus) Close(ctx context.Context) error {
	b.beginClosing()
	done := make(chan struct{})
	go func() {
		b.deliveries.Wait()
		close(done)
	}()
	select {
	case <-done:
		b.stop(nil)
		return nil
	case <-ctx.Done():
		b.stop(fmt.Errorf("event bus closed: %w", context.Cause(ctx)))
		<-done
		return fmt.Errorf("close event bus before every event was delivered: %w", context.Cause(ctx))
	}
}

func (b *Bus) beginClosing() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		close(b.closing)
	}
}
