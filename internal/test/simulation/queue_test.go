package simulation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"orders/internal/handler"
)

const (
	visibilityTimeout = 2 * handler.OnEventsTimeout // longer than an invocation; on AWS six times as long
	maxReceives       = attempts                    // after which a message is a dead letter
	mappings          = 2                           // concurrent pollers
	maxBatch          = 10
)

// A queue is the SQS queue of fulfilment updates, with its dead-letter queue and the event source
// mapping of on-events. Messages are delivered at least once, in any order and in batches of any
// size. A message that is not deleted is visible again when its visibility timeout ends.
type queue struct {
	history  *history
	messages []*message // in the order in which they were sent
	dead     []deadLetter
	sent     int
}

// A message is a fulfilment update in the queue.
type message struct {
	id        string
	event     event
	receives  int
	visibleAt time.Time
}

// A deadLetter is an event that on-events failed to apply.
type deadLetter struct {
	event   event
	missing bool // whether one of its orders was not stored at that time
}

// send puts an event into the queue, in the scheduler's goroutine.
func (q *queue) send(e event) {
	q.sent++
	q.messages = append(q.messages, &message{id: fmt.Sprintf("m%d", q.sent), event: e})
}

func (m *message) visible() bool { return !time.Now().Before(m.visibleAt) }

// anyVisible reports whether a message can be received.
func (q *queue) anyVisible() bool { return slices.ContainsFunc(q.messages, (*message).visible) }

// take receives a batch, in the scheduler's goroutine. Messages that have been received too often
// become dead letters instead. With duplicates, the messages stay visible and are delivered again.
//
// No two messages of a batch are the same update for the same order: a function works on a batch
// concurrently, and the calls for such updates could not be told apart by their names.
func (q *queue) take(duplicates bool) (batch []*message) {
	random := q.history.scheduler.random
	limit, taken := 1+random.IntN(maxBatch), map[string]bool{}
	for _, i := range random.Perm(len(q.messages)) {
		m := q.messages[i]
		if !m.visible() || len(batch) == limit || slices.ContainsFunc(m.event.updates(), func(u string) bool { return taken[u] }) {
			continue
		}
		for _, u := range m.event.updates() {
			taken[u] = true
		}
		m.receives++
		if !duplicates {
			m.visibleAt = time.Now().Add(visibilityTimeout)
			time.AfterFunc(visibilityTimeout, q.history.scheduler.wake)
		}
		batch = append(batch, m)
	}
	return slices.DeleteFunc(batch, q.exhausted)
}

// exhausted moves a message that was received too often to the dead-letter queue.
func (q *queue) exhausted(m *message) bool {
	if m.receives <= maxReceives {
		return false
	}
	q.delete([]*message{m})
	missing := slices.ContainsFunc(m.event.Resources, func(orderID string) bool { return q.history.table.items[orderID] == nil })
	q.dead = append(q.dead, deadLetter{m.event, missing})
	return true
}

func (q *queue) delete(batch []*message) {
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return slices.Contains(batch, m) })
}

// updates names what an event does to each of its orders, as labelingStore does.
func (e event) updates() []string {
	effect := "unreadable"
	if update, ok := readUpdate(e); ok {
		effect = fmt.Sprint(sample().apply(update))
	}
	var all []string
	for _, orderID := range e.Resources {
		all = append(all, orderID+" "+effect)
	}
	return all
}

// poll receives batches and invokes on-events with them, until ctx ends.
func (q *queue) poll(ctx context.Context, name string) {
	s := q.history.scheduler
	for n := 1; ctx.Err() == nil; n++ {
		var batch []*message
		f := s.cross(&call{at: receive, name: name + " receives", ctx: ctx, ready: q.anyVisible, do: func(f fate) string {
			batch = q.take(f == duplicated)
			return ids(batch)
		}})
		if f != passes && f != duplicated || len(batch) == 0 {
			continue
		}
		done := make(chan []*message, 1)
		s.spawn(func() { done <- q.invoke(fmt.Sprintf("on-events.%s.%d", name, n), batch) })
		var applied []*message
		select {
		case applied = <-done:
		case <-ctx.Done():
		}
		if len(applied) > 0 {
			s.cross(&call{at: remove, name: name + " deletes", ctx: ctx, do: func(fate) string {
				q.delete(applied)
				return ids(applied)
			}})
		}
	}
}

// invoke returns the messages that on-events has not reported as failed. If it fails as a whole, so
// do all messages.
func (q *queue) invoke(name string, batch []*message) (applied []*message) {
	records := make([]map[string]any, len(batch))
	for i, m := range batch {
		records[i] = map[string]any{"messageId": m.id, "body": string(encode(m.event)), "eventSource": "aws:sqs"}
	}
	response, err := q.history.onEvents(name, encode(map[string]any{"Records": records}))
	if err != nil {
		return nil
	}
	var result struct {
		BatchItemFailures []struct{ ItemIdentifier string }
	}
	decode(response, &result)
	return slices.DeleteFunc(slices.Clone(batch), func(m *message) bool {
		return slices.ContainsFunc(result.BatchItemFailures, func(f struct{ ItemIdentifier string }) bool { return f.ItemIdentifier == m.id })
	})
}

func ids(batch []*message) string {
	var all []string
	for _, m := range batch {
		all = append(all, m.id)
	}
	return strings.Join(all, " ")
}
