package eventbus

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"orders/internal/order"
)

// maxInFlight is how many requests of one call are under way at once: enough for all of a batch of 100 records.
const maxInFlight = 10

// A dispatch is one call of Publish. The goroutine of the call alone touches its state; requests tell it what they
// were answered.
type dispatch struct {
	publisher *Publisher
	events    []order.Event
	results   []error // one for each event
	idle      []*line // in no request, the longest waiting first
	inFlight  int     // requests
	requests  sync.WaitGroup
	answers   chan answer
}

// An answer is what became of one request: for each line's first event nil, if it was accepted, or why it was not.
type answer struct {
	lines    []*line
	failures []*failure
}

func newDispatch(p *Publisher, events []order.Event) *dispatch {
	d := &dispatch{publisher: p, events: events, results: make([]error, len(events)), answers: make(chan answer)}
	for _, l := range linesOf(events) {
		d.queue(l)
	}
	return d
}

// run sends what can be sent, as soon as it can be, until every event has its result or ctx ends.
func (d *dispatch) run(ctx context.Context) {
	for len(d.idle)+d.inFlight > 0 && ctx.Err() == nil {
		d.send(ctx)
		select {
		case a := <-d.answers:
			d.settle(ctx, a)
		case <-d.nextDue():
		case <-ctx.Done():
		}
	}
	for d.inFlight > 0 {
		d.settle(ctx, <-d.answers)
	}
	d.requests.Wait()
	for _, l := range d.idle {
		d.fail(l, order.Unavailable, l.unfinished(context.Cause(ctx)))
	}
}

// send starts as many requests as there may and need be.
func (d *dispatch) send(ctx context.Context) {
	for now := time.Now(); d.inFlight < maxInFlight; d.inFlight++ {
		lines := d.nextChunk(now)
		if len(lines) == 0 {
			return
		}
		events := make([]order.Event, len(lines))
		for i, l := range lines {
			events[i] = d.events[l.first()]
		}
		d.requests.Go(func() { d.answers <- answer{lines, d.publisher.put(ctx, events)} })
	}
}

// nextChunk takes the lines whose first events make up the next request: those that wait longest, as far as they fit.
func (d *dispatch) nextChunk(now time.Time) []*line {
	var c chunk
	d.idle = slices.DeleteFunc(d.idle, func(l *line) bool {
		return !l.due.After(now) && c.add(l, sizeOf(d.events[l.first()]))
	})
	return c.lines
}

// nextDue tells when the first pause is over. While no request may be started, that is of no interest.
func (d *dispatch) nextDue() <-chan time.Time {
	if len(d.idle) == 0 || d.inFlight == maxInFlight {
		return nil
	}
	next := slices.MinFunc(d.idle, func(a, b *line) int { return a.due.Compare(b.due) })
	return time.After(time.Until(next.due))
}

// settle takes note of an answer. Events that failed together pause together, to go out in one request again.
func (d *dispatch) settle(ctx context.Context, a answer) {
	d.inFlight--
	jitter := d.publisher.jitter()
	for i, l := range a.lines {
		failure := a.failures[i]
		switch {
		case failure == nil:
			l.advance()
		case failure.verdict == hopeless:
			d.fail(l, order.Permanent, failure.err)
			continue
		case failure.verdict == mendable && l.tries+1 >= mendableTries:
			d.fail(l, order.Unavailable, failure.err)
			continue
		case failure.verdict == suspect:
			l.alone = true
		case ctx.Err() == nil: // or else it may have failed for that alone
			l.pause(failure.err, jitter)
		}
		d.queue(l)
	}
}

// queue puts a line among those to be sent, if anything of it is.
func (d *dispatch) queue(l *line) {
	if l.empty() {
		return
	}
	if size := sizeOf(d.events[l.first()]); size > maxEntrySize {
		d.fail(l, order.Permanent, fmt.Errorf("its entry has %d bytes, over the %d that the bus takes", size, maxEntrySize))
		return
	}
	d.idle = append(d.idle, l)
}

// fail ends a line: its first event failed, and the others must not overtake it.
func (d *dispatch) fail(l *line, kind order.Kind, cause error) {
	d.results[l.first()] = &order.Error{Kind: kind, Message: "The event bus did not accept the event", Err: cause}
	for _, behind := range l.waiting[1:] {
		d.results[behind] = &order.Error{Kind: kind, Message: "An earlier event of the order was not accepted", Err: cause}
	}
}
