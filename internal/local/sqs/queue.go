package sqs

import (
	"cmp"
	"container/heap"
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// A Queue is a standard queue. It is safe for concurrent use.
type Queue struct {
	Config
	service     *Service
	deadLetters *Queue // nil: no redrive policy

	// Guarded by the service's mu:
	messages map[string]*message // by ID
	order    byVisibility        // the same messages
	arrivals int
	changed  chan struct{} // closed when a message may have become visible sooner
}

// add adds a message. The service's mu must be held, except by restore.
func (q *Queue) add(m *message) {
	m.arrival = q.arrivals
	q.arrivals++
	q.messages[m.ID] = m
	heap.Push(&q.order, m)
	close(q.changed)
	q.changed = make(chan struct{})
}

// remove removes a message. The service's mu must be held.
func (q *Queue) remove(m *message) {
	delete(q.messages, m.ID)
	heap.Remove(&q.order, m.index)
}

// find returns the message with this receipt, or nil if it has been deleted, moved or received
// again. The service's mu must be held.
func (q *Queue) find(receipt string) *message {
	id, _, _ := strings.Cut(receipt, "#")
	if m := q.messages[id]; m != nil && m.Receipt == receipt {
		return m
	}
	return nil
}

// Receive returns up to limit visible messages, which then are invisible for the visibility
// timeout. If there are none, it waits until there is one, for at most the given time, and returns
// none. The only errors are ctx's and that a dead letter cannot be stored.
func (q *Queue) Receive(ctx context.Context, limit int, visibility, wait time.Duration) ([]Message, error) {
	deadline := time.Now().Add(wait)
	for {
		received, exhausted, next, changed := q.take(limit, visibility)
		if err := q.moveToDeadLetters(exhausted); err != nil {
			return nil, err
		}
		if len(received) > 0 {
			return received, nil
		}
		if len(exhausted) > 0 {
			continue
		}
		pause := time.Until(deadline)
		if pause <= 0 {
			return nil, nil
		}
		if !next.IsZero() {
			pause = min(pause, time.Until(next))
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-changed:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
}

// take returns the messages that a receive finds: those that it returns, and those that have
// exhausted their receives, which are in no queue until they are moved. If there are none, next is
// when the next message becomes visible, and changed is closed if that may be sooner.
func (q *Queue) take(limit int, visibility time.Duration) (received []Message, exhausted []*message, next time.Time, changed <-chan struct{}) {
	q.service.mu.Lock()
	defer q.service.mu.Unlock()
	now := time.Now()
	for len(received) < limit && len(q.order) > 0 && !q.order[0].VisibleAt.After(now) {
		m := q.order[0]
		if q.deadLetters != nil && m.ReceiveCount >= q.MaxReceiveCount {
			q.remove(m)
			exhausted = append(exhausted, m)
			continue
		}
		m.ReceiveCount++
		if m.FirstReceivedAt.IsZero() {
			m.FirstReceivedAt = now
		}
		m.Receipt = newReceipt(m.ID, m.ReceiveCount)
		m.VisibleAt = now.Add(visibility)
		heap.Fix(&q.order, m.index)
		received = append(received, m.Message)
	}
	if len(q.order) > 0 {
		next = q.order[0].VisibleAt
	}
	return received, exhausted, next, q.changed
}

// moveToDeadLetters applies the redrive policy. If a dead letter cannot be stored, its message
// stays in the queue.
func (q *Queue) moveToDeadLetters(exhausted []*message) error {
	if len(exhausted) == 0 {
		return nil
	}
	now := time.Now()
	records := make([]record, len(exhausted))
	for i, m := range exhausted {
		moved := m.Message
		moved.ArrivedAt, moved.VisibleAt, moved.SourceQueue, moved.Receipt = now, now, q.Name, ""
		records[i] = record{Queue: q.deadLetters.Name, Message: &moved}
	}
	err := q.service.put(records)
	if err == nil {
		for _, m := range exhausted {
			q.service.log.Error("message moved to dead-letter queue", slog.String("queue", q.Name),
				slog.String("messageId", m.ID), slog.Int("receives", m.ReceiveCount), slog.String("error", m.LastError))
		}
		return nil
	}
	q.service.mu.Lock()
	defer q.service.mu.Unlock()
	for _, m := range exhausted {
		m.VisibleAt = now.Add(q.VisibilityTimeout)
		q.add(m)
	}
	return err
}

// Delete deletes received messages, and returns after that is durable. Messages whose receipt is
// not the latest are left as they are. If it returns an error, the messages become visible again
// after their visibility timeout.
func (q *Queue) Delete(receipts ...string) error {
	q.service.mu.Lock()
	var removed []*message
	var records []record
	for _, receipt := range receipts {
		if m := q.find(receipt); m != nil {
			q.remove(m)
			removed = append(removed, m)
			records = append(records, record{Deleted: m.ID})
		}
	}
	q.service.mu.Unlock()
	err := q.service.store(records)
	if err == nil {
		return nil
	}
	q.service.mu.Lock()
	defer q.service.mu.Unlock()
	for _, m := range removed {
		q.add(m)
	}
	return err
}

// ChangeVisibility makes a received message visible after a time, and reports whether the receipt
// was the latest of a message that is still in flight.
func (q *Queue) ChangeVisibility(receipt string, after time.Duration) bool {
	return q.retry(receipt, after, "")
}

// Retry makes a received message visible after a time, because handling it failed. The error is
// shown with the message's dead letter.
func (q *Queue) Retry(receipt string, after time.Duration, lastError string) {
	q.retry(receipt, after, lastError)
}

func (q *Queue) retry(receipt string, after time.Duration, lastError string) bool {
	q.service.mu.Lock()
	defer q.service.mu.Unlock()
	m, now := q.find(receipt), time.Now()
	if m == nil || !m.VisibleAt.After(now) {
		return false
	}
	m.LastError = cmp.Or(lastError, m.LastError)
	m.VisibleAt = now.Add(after)
	heap.Fix(&q.order, m.index)
	close(q.changed)
	q.changed = make(chan struct{})
	return true
}

// Messages returns all messages of the queue, oldest first, without receiving them.
func (q *Queue) Messages() []Message {
	q.service.mu.Lock()
	defer q.service.mu.Unlock()
	all := make([]*message, 0, len(q.messages))
	for _, m := range q.messages {
		all = append(all, m)
	}
	sortByArrival(all)
	messages := make([]Message, len(all))
	for i, m := range all {
		messages[i] = m.Message
	}
	return messages
}

// oldestAge returns how long the oldest message has been in this queue, as SQS counts it: of a dead
// letter from when it became one. It returns false if there is none.
func (q *Queue) oldestAge() (age time.Duration, ok bool) {
	q.service.mu.Lock()
	defer q.service.mu.Unlock()
	for _, m := range q.messages {
		age, ok = max(age, time.Since(m.ArrivedAt)), true
	}
	return age, ok
}

// counts returns the approximate numbers of messages that SQS shows.
func (q *Queue) counts() (visible, inFlight, delayed int) {
	q.service.mu.Lock()
	defer q.service.mu.Unlock()
	now := time.Now()
	for _, m := range q.messages {
		switch {
		case !m.VisibleAt.After(now):
			visible++
		case m.Receipt != "":
			inFlight++
		default:
			delayed++
		}
	}
	return visible, inFlight, delayed
}

func sortByArrival(messages []*message) {
	slices.SortFunc(messages, func(a, b *message) int { return cmp.Compare(a.arrival, b.arrival) })
}

// A receipt names a message and one of its receives.
func newReceipt(id string, receives int) string { return id + "#" + strconv.Itoa(receives) }

func isReceipt(text string) bool {
	id, receives, ok := strings.Cut(text, "#")
	_, err := strconv.Atoi(receives)
	return ok && err == nil && uuid.Validate(id) == nil
}

// Remove deletes a message by its ID, whether it is in flight or not, and returns it. It is not ok
// if the queue has no such message.
func (q *Queue) Remove(id string) (removed Message, ok bool, err error) {
	q.service.mu.Lock()
	m := q.messages[id]
	if m == nil {
		q.service.mu.Unlock()
		return Message{}, false, nil
	}
	q.remove(m)
	q.service.mu.Unlock()
	if err := q.service.store([]record{{Deleted: id}}); err != nil {
		q.service.mu.Lock()
		defer q.service.mu.Unlock()
		q.add(m)
		return Message{}, true, err
	}
	return m.Message, true, nil
}
