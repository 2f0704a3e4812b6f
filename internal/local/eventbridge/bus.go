// Package eventbridge provides an EventBridge event bus within the process. Events are kept,
// matched with the patterns of rules, and sent to the rules' SQS queues.
package eventbridge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// A Rule sends the events that match Pattern to an SQS queue.
type Rule struct {
	Pattern Pattern
	Queue   string // name
}

// Options configure a Bus. Only Name is required, and Queues if there are rules.
type Options struct {
	Name    string // entries for other buses are dropped
	Region  string
	Rules   []Rule
	Queues  Queues
	Events  []Event       // of earlier runs, oldest first: kept, but not sent again
	Journal Journal       // stores events beyond this process; nil means that none are stored
	NewID   func() string // nil means a random UUID
	Logger  *slog.Logger  // nil means slog.Default

	// Observe, if set, is called with each event, once it is in the queues of its rules.
	Observe func(Event)
}

// Queues send a message to each of the named queues. Send returns nil once the messages are in all
// of them, and sends none if it returns an error. It is called concurrently.
type Queues interface {
	Send(body string, queues ...string) error
}

// A Journal stores events. Append returns nil once the event is durable. It is called concurrently.
type Journal interface {
	Append(event Event) error
}

// A Bus is an event bus. It is safe for concurrent use.
type Bus struct {
	options Options

	mu     sync.Mutex
	events []Event
}

// New returns a bus.
func New(options Options) *Bus {
	if options.NewID == nil {
		options.NewID = uuid.NewString
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	return &Bus{options: options, events: slices.Clone(options.Events)}
}

// Put puts one entry on the bus and returns the ID of its event. The event is sent once to the
// queue of every rule that matches. An entry for another bus gets an ID and is dropped, as on AWS,
// with a warning in the log. A zero at means now.
//
// Put returns after the event is in the Journal and in the queues. If it returns an error, the
// event is in no queue, and the caller may put it again. An event whose detail is not JSON is an
// error.
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
	if err := b.put(event); err != nil {
		b.options.Logger.Error("event not stored", slog.String("eventId", event.ID),
			slog.String("detailType", event.DetailType), slog.String("error", err.Error()))
		return "", fmt.Errorf("put event %s: %w", event.ID, err)
	}
	if b.options.Observe != nil {
		b.options.Observe(event)
	}
	return id, nil
}

func (b *Bus) put(event Event) error {
	payload, err := event.encode()
	if err != nil {
		return err
	}
	if b.options.Journal != nil {
		if err := b.options.Journal.Append(event); err != nil {
			return err
		}
	}
	b.keep(event) // before the queues have it, because what reacts to it may put events of its own
	var queues []string
	for _, rule := range b.options.Rules {
		if rule.Pattern.Matches(event) {
			queues = append(queues, rule.Queue)
		}
	}
	if len(queues) == 0 {
		return nil
	}
	return b.options.Queues.Send(string(payload), queues...)
}

func (b *Bus) keep(event Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, event)
}

// Events returns all events, oldest first, never nil. Their resources and details are shared and
// must not be changed.
func (b *Bus) Events() []Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Event{}, b.events...)
}
