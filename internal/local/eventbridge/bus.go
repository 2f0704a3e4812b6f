// Package bus is an EventBridge event bus in this process: events are listed, matched against the patterns of rules
// and delivered to their targets asynchronously, with the retries and the dead letters of an asynchronous Lambda
// invocation.
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

// Rule sends the events that match Pattern to Target.
type Rule struct {
	Name    string // names the rule in logs and dead letters
	Pattern Pattern
	// Target receives the event's JSON, its own copy. An error asks for the event again. It must return soon after
	// ctx ends, must not panic, and is called concurrently.
	Target func(ctx context.Context, event []byte) error
}

// Options configure a Bus; of them only Name is required.
type Options struct {
	Name        string // entries for a bus of another name reach nobody
	Region      string
	Rules       []Rule
	Delivery    Delivery
	DeadLetters *sqs.List        // nil: a list of the bus's own, which only the log tells of
	Events      []Event          // of earlier runs, oldest first: listed, but not delivered again
	MaxEvents   int              // events kept in the list, the oldest dropped first; 0 keeps all
	Journal     Journal          // keeps the list beyond this process; nil: it ends with the process
	Now         func() time.Time // nil: time.Now
	NewID       func() string    // nil: a random UUID
	Logger      *slog.Logger     // nil: slog.Default
}

// A Journal keeps events. Append returns once the event is safe, or with the reason why it is not. It is called
// concurrently.
type Journal interface {
	Append(event Event) error
}

// Bus is an event bus that is open until Close. It is safe for concurrent use.
type Bus struct {
	options Options

	mu     sync.Mutex
	closed bool
	events []Event

	deliveries sync.WaitGroup
	slots      chan struct{} // one token for each delivery under way
	closing    chan struct{} // closed when Close begins: nothing is retried any more
	stopped    context.Context
	stop       context.CancelCauseFunc // ends the deliveries that are under way
}

// New opens a bus. It starts nothing: goroutines exist only while events are delivered.
func New(options Options) *Bus {
	options = options.withDefaults()
	stopped, stop := context.WithCancelCause(context.Background())
	b := &Bus{
		options: options,
		slots:   make(chan struct{}, options.Delivery.Concurrency),
		closing: make(chan struct{}),
		stopped: stopped,
		stop:    stop,
	}
	for _, event := range options.Events {
		b.list(event)
	}
	return b
}

func (o Options) withDefaults() Options {
	o.Rules = slices.Clone(o.Rules)
	o.Delivery = o.Delivery.withDefaults()
	if o.DeadLetters == nil {
		o.DeadLetters = new(sqs.List)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = uuid.NewString
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Put takes one entry and returns the id of its event without waiting for any delivery. The event is listed and
// delivered at least once, in no promised order, to the target of every rule that matches. An entry for another bus
// gets its id and nothing else happens, as on AWS. A zero at means now.
//
// With a Journal, Put waits until the event is in it. The only error is the journal's: the event is then neither
// listed nor delivered, the log tells of it, and the caller may put it again.
//
// The caller has checked that detail is JSON; what is not becomes a dead letter without payload and is not listed.
// After Close an event is still listed, but for every matching rule it is a dead letter at once.
func (b *Bus) Put(busName, source, detailType string, resources []string, detail json.RawMessage, at time.Time) (id string, err error) {
	id = b.options.NewID()
	if busName != b.options.Name {
		return id, nil
	}
	if at.IsZero() {
		at = b.options.Now()
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
		b.giveUp(delivery{rule: Rule{Name: b.options.Name}, event: event}, sqs.MalformedEvent, err)
		return id, nil
	}
	if err := b.keep(event); err != nil {
		return "", err
	}
	b.publish(event, payload)
	return id, nil
}

// keep writes the event to the journal before anybody can see it.
func (b *Bus) keep(event Event) error {
	if b.options.Journal == nil {
		return nil
	}
	err := b.options.Journal.Append(event)
	if err != nil {
		b.options.Logger.Error("event not kept", slog.String("eventId", event.ID),
			slog.String("detailType", event.DetailType), slog.String("error", err.Error()))
		return fmt.Errorf("event %s not kept: %w", event.ID, err)
	}
	return nil
}

// publish lists the event and starts its deliveries in one step, so that Close sees either none of them or all.
func (b *Bus) publish(event Event, payload []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list(event)
	for _, rule := range b.options.Rules {
		if !rule.Pattern.Matches(event) {
			continue
		}
		d := delivery{rule: rule, event: event, payload: payload}
		if b.closed {
			b.giveUp(d, sqs.ServiceStopped, nil)
			continue
		}
		b.deliveries.Go(func() { b.deliver(d) })
	}
}

// Deliver hands a payload that is no event of the bus to one target, with the retries, the dead letters and the end of
// an event's delivery, and without waiting for any of it. The name stands for a rule's.
func (b *Bus) Deliver(name string, payload []byte, target func(ctx context.Context, payload []byte) error) {
	d := delivery{rule: Rule{Name: name, Target: target}, payload: payload}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		b.giveUp(d, sqs.ServiceStopped, nil)
		return
	}
	b.deliveries.Go(func() { b.deliver(d) })
}

func (b *Bus) list(event Event) {
	b.events = append(b.events, event)
	if most := b.options.MaxEvents; most > 0 && len(b.events) > most {
		clear(b.events[:1]) // lets go of the dropped event before the array is next replaced
		b.events = b.events[1:]
	}
}

// Events returns a copy of the list, oldest first, never nil. The events' resources and details are shared and must
// not be changed.
func (b *Bus) Events() []Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Event{}, b.events...)
}

// Close ends the bus: first attempts that have begun or wait for their turn are finished, but nothing is retried any
// more. When ctx ends first, the attempts still under way are cancelled and waited for, so that no goroutine outlives
// Close; the error then wraps ctx's. What was not delivered is in the dead letters with reason ServiceStopped.
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
		return fmt.Errorf("event bus closed before every event was delivered: %w", context.Cause(ctx))
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
