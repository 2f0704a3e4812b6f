// Package eventbus publishes events about orders on an EventBridge bus with PutEvents.
package eventbus

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"orders/internal/order"
	"orders/internal/safehttp"
)

// A Publisher is an [order.Publisher] on an EventBridge bus. Set its fields before use and do not
// change them afterwards. It is safe for concurrent use, and calls share nothing but connections.
type Publisher struct {
	Client *eventbridge.Client // from [NewClient]
	Bus    string              // the bus's name or ARN

	// Jitter returns the part of a backoff to wait, in [0, 1), so that callers that failed together
	// do not retry together. It must be safe for concurrent use. nil means a random number.
	Jitter func() float64
}

var _ order.Publisher = (*Publisher)(nil)

const (
	// source is the Source of every event of this service.
	source = "ecommerce.orders"

	// callBudget bounds calls whose context has no deadline.
	callBudget = 30 * time.Second

	// resultReserve is the part of a call's time that is kept for canceling requests and returning
	// the results, or a tenth if there is less.
	resultReserve = 50 * time.Millisecond
)

// Publish sends events and returns one result for each; see [order.Publisher]. It retries with
// backoff until shortly before the context's deadline.
//
// EventBridge guarantees no order, neither among the entries of a request nor between requests.
// Publish keeps whatever order the bus keeps by sending an event only after the previous one of its
// order was accepted. An event whose response did not arrive is sent twice. If the bus carries out
// a request long after it timed out, the event may even be out of order.
func (p *Publisher) Publish(ctx context.Context, events []order.Event) []error {
	ctx, cancel := withReserve(ctx)
	defer cancel()
	d := newDispatch(p, events)
	d.run(ctx)
	return d.results
}

// withReserve returns ctx with a deadline shortly before its own.
func withReserve(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithTimeout(ctx, callBudget)
	}
	return context.WithDeadline(ctx, end.Add(-min(resultReserve, time.Until(end)/10)))
}

func (p *Publisher) jitter() float64 {
	if p.Jitter == nil {
		return rand.Float64()
	}
	return p.Jitter()
}

// put sends events in one request, once. For each event, it returns nil if the bus accepted it.
func (p *Publisher) put(ctx context.Context, timeout time.Duration, events []order.Event) []*failure {
	entries := make([]types.PutEventsRequestEntry, len(events))
	for i, event := range events {
		entries[i] = p.entryOf(event)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	output, err := p.Client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		return slices.Repeat([]*failure{requestFailure(err, len(events))}, len(events))
	}
	failures := make([]*failure, len(events))
	for i := range failures {
		failures[i] = entryFailure(output.Entries, i)
	}
	return failures
}

// entryOf returns the entry of an event. It has no Time, so that the bus sets it.
func (p *Publisher) entryOf(event order.Event) types.PutEventsRequestEntry {
	entry := types.PutEventsRequestEntry{
		EventBusName: aws.String(p.Bus),
		Source:       aws.String(source),
		DetailType:   aws.String(string(event.Type)),
		Detail:       aws.String(string(event.Detail)),
		Resources:    []string{event.OrderID},
	}
	if event.TraceHeader != "" {
		entry.TraceHeader = aws.String(event.TraceHeader)
	}
	return entry
}

// entryFailure returns the failure of entry i, or nil. Only an event ID means that the bus accepted
// the entry: the status of the response and its FailedEntryCount say nothing about one entry, and
// an event that counts as accepted is never sent again.
func entryFailure(results []types.PutEventsResultEntry, i int) *failure {
	if i >= len(results) {
		return &failure{transient, errors.New("the response has no result for the entry")}
	}
	result := results[i]
	if code := aws.ToString(result.ErrorCode); code != "" {
		return &failure{kindOf(code, 0), errors.New(safehttp.RedactAPIError(code, aws.ToString(result.ErrorMessage)))}
	}
	if aws.ToString(result.EventId) == "" {
		return &failure{transient, errors.New("the response has no event ID for the entry")}
	}
	return nil
}
