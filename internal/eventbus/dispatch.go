package eventbus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"orders/internal/order"
)

// maxInFlight bounds the concurrent requests of one call. It is enough for a whole batch of 100
// records.
const maxInFlight = 10

// A dispatch is one call of Publish. Only the goroutine of the call changes its state; requests
// send it their results.
type dispatch struct {
	publisher *Publisher
	events    []order.Event
	results   []error       // one for each event
	idle      []*lane       // not in a request, sorted by how long they wait
	inFlight  int           // requests
	timeout   time.Duration // of the next requests
	requests  sync.WaitGroup
	responses chan response
}

// A response holds the result of one request: for the first event of each lane, nil or why it was
// not accepted.
type response struct {
	lanes    []*lane
	failures []*failure
}

func newDispatch(p *Publisher, events []order.Event) *dispatch {
	d := &dispatch{publisher: p, events: events, results: make([]error, len(events)), timeout: attemptTimeout, responses: make(chan response)}
	for _, l := range lanesOf(events) {
		d.queue(l)
	}
	return d
}

// run sends everything as soon as it may be sent, until every event has its result or ctx ends.
func (d *dispatch) run(ctx context.Context) {
	for len(d.idle)+d.inFlight > 0 && ctx.Err() == nil {
		d.send(ctx)
		select {
		case r := <-d.responses:
			d.settle(ctx, r)
		case <-d.nextDue():
		case <-ctx.Done():
		}
	}
	for d.inFlight > 0 {
		d.settle(ctx, <-d.responses)
	}
	d.requests.Wait()
	for _, l := range d.idle {
		d.fail(l, order.Unavailable, l.unfinished(context.Cause(ctx)))
	}
}

// send starts as many requests as are allowed and needed.
func (d *dispatch) send(ctx context.Context) {
	for now := time.Now(); d.inFlight < maxInFlight; d.inFlight++ {
		lanes := d.nextChunk(now)
		if len(lanes) == 0 {
			return
		}
		events := make([]order.Event, len(lanes))
		for i, l := range lanes {
			events[i] = d.events[l.first()]
		}
		timeout := d.timeout
		d.requests.Go(func() { d.responses <- response{lanes, d.publisher.put(ctx, timeout, events)} })
	}
}

// nextChunk removes the lanes of the next request from idle: those that have waited longest, as far
// as they fit.
func (d *dispatch) nextChunk(now time.Time) []*lane {
	var c chunk
	d.idle = slices.DeleteFunc(d.idle, func(l *lane) bool {
		return !l.due.After(now) && c.add(l, sizeOf(d.events[l.first()]))
	})
	return c.lanes
}

// nextDue fires at the end of the first backoff. It is nil while no request may be started.
func (d *dispatch) nextDue() <-chan time.Time {
	if len(d.idle) == 0 || d.inFlight == maxInFlight {
		return nil
	}
	next := slices.MinFunc(d.idle, func(a, b *lane) int { return a.due.Compare(b.due) })
	return time.After(time.Until(next.due))
}

// settle applies a response. Events that failed together get the same backoff, so that they share
// their next request.
func (d *dispatch) settle(ctx context.Context, r response) {
	d.inFlight--
	jitter := d.publisher.jitter()
	for i, l := range r.lanes {
		failure := r.failures[i]
		switch {
		case failure == nil:
			l.advance()
		case failure.kind == permanent:
			d.fail(l, order.Permanent, failure.err)
			continue
		case failure.kind == unattributed:
			l.alone = true
		case ctx.Err() == nil: // otherwise the end of the call may be all that failed
			if errors.Is(failure.err, context.DeadlineExceeded) {
				d.timeout = slowAttemptTimeout
			}
			l.backOff(failure.err, jitter)
		}
		d.queue(l)
	}
}

// queue adds a lane to those to be sent, unless it is empty.
func (d *dispatch) queue(l *lane) {
	if l.empty() {
		return
	}
	if size := sizeOf(d.events[l.first()]); size > maxEntrySize {
		d.fail(l, order.Permanent, fmt.Errorf("its entry has %d bytes, and the bus takes at most %d", size, maxEntrySize))
		return
	}
	d.idle = append(d.idle, l)
}

// fail ends a lane: its first event failed, and the others must not overtake it.
func (d *dispatch) fail(l *lane, kind order.Kind, cause error) {
	d.results[l.first()] = &order.Error{Kind: kind, Message: "The event bus did not accept the event", Err: cause}
	for _, behind := range l.waiting[1:] {
		d.results[behind] = &order.Error{Kind: kind, Message: "An earlier event of the order was not accepted", Err: cause}
	}
}
