package sqs

import (
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
)

// moveBatch is how many messages a task moves with one flush of the journal.
const moveBatch = 500

// The states of a task.
const (
	taskRunning   = "RUNNING"
	taskCompleted = "COMPLETED"
	taskCanceled  = "CANCELLED"
	taskFailed    = "FAILED"
)

// A moveTask moves the messages that were in a dead-letter queue when it started. Later ones are
// left, because a message that keeps failing would be moved forever.
type moveTask struct {
	handle      string
	source      *Queue
	destination *Queue // nil: the queue that each message came from
	perSecond   int    // 0: no limit
	started     time.Time
	before      int // messages with an earlier arrival are moved

	// Guarded by the service's mu:
	status string
	moved  int
	toMove int
	reason string // why it failed
}

var (
	errNotDeadLetterQueue = errors.New("source queue must be configured as a dead-letter queue")
	errTaskRunning        = errors.New("there is already a task running; only one active task is allowed for a source queue")
)

// startMoveTask starts a task. As on AWS, the source must be the dead-letter queue of another
// queue, and have no task that is running.
func (s *Service) startMoveTask(source, destination *Queue, perSecond int) (*moveTask, error) {
	if !slices.ContainsFunc(s.queues, func(q *Queue) bool { return q.deadLetters == source }) {
		return nil, errNotDeadLetterQueue
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.tasks, func(t *moveTask) bool { return t.source == source && t.status == taskRunning }) {
		return nil, errTaskRunning
	}
	t := &moveTask{
		handle: uuid.NewString(), source: source, destination: destination, perSecond: perSecond,
		started: time.Now(), before: source.arrivals, status: taskRunning, toMove: len(source.messages),
	}
	s.tasks = append(s.tasks, t)
	s.running.Go(func() { s.runMoveTask(t) })
	return t, nil
}

func (s *Service) runMoveTask(t *moveTask) {
	limit, interval := moveBatch, time.Duration(0)
	if t.perSecond > 0 {
		limit, interval = t.perSecond, time.Second
	}
	for s.closing.Err() == nil {
		batch := t.take(limit)
		if len(batch) == 0 {
			s.endMoveTask(t, taskCompleted, "")
			return
		}
		if err := s.move(t, batch); err != nil {
			s.endMoveTask(t, taskFailed, err.Error())
			return
		}
		pause(s.closing, interval)
	}
	s.endMoveTask(t, taskCanceled, "")
}

// take removes the oldest visible messages from the source. Until they are moved, they are in no
// queue.
func (t *moveTask) take(limit int) []*message {
	s := t.source.service
	s.mu.Lock()
	defer s.mu.Unlock()
	var batch []*message
	now := time.Now()
	for _, m := range t.source.messages {
		if m.arrival < t.before && !m.VisibleAt.After(now) && t.destinationOf(m) != nil {
			batch = append(batch, m)
		}
	}
	sortByArrival(batch)
	batch = batch[:min(len(batch), limit)]
	for _, m := range batch {
		t.source.remove(m)
	}
	return batch
}

// destinationOf returns nil for a message that was sent to the dead-letter queue directly, if the
// task has no destination.
func (t *moveTask) destinationOf(m *message) *Queue {
	if t.destination != nil {
		return t.destination
	}
	return t.source.service.Queue(m.SourceQueue)
}

// move sends the messages to their destinations, as new messages, and deletes them.
func (s *Service) move(t *moveTask, batch []*message) error {
	now := time.Now()
	var sent, deleted []record
	for _, m := range batch {
		to := t.destinationOf(m)
		sent = append(sent, record{Queue: to.Name, Message: &Message{
			ID: uuid.NewString(), Body: m.Body, Attributes: m.Attributes, SentAt: now, ArrivedAt: now, VisibleAt: now.Add(to.Delay),
		}})
		deleted = append(deleted, record{Deleted: m.ID})
	}
	// What a crash leaves out of the end is a message that was sent but not deleted, never the
	// opposite.
	err := s.store(slices.Concat(sent, deleted))
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		for _, m := range batch {
			t.source.add(m)
		}
		return err
	}
	for _, r := range sent {
		s.Queue(r.Queue).add(&message{Message: *r.Message})
	}
	t.moved += len(batch)
	return nil
}

func (s *Service) endMoveTask(t *moveTask, status, reason string) {
	s.mu.Lock()
	t.status, t.reason = status, reason
	moved := t.moved
	s.mu.Unlock()
	s.log.Info("message move task ended", slog.String("queue", t.source.Name), slog.String("status", status),
		slog.Int("moved", moved), slog.String("error", reason))
}

// moveTasks returns copies of the tasks of a queue, the latest first.
func (s *Service) moveTasks(source *Queue) []moveTask {
	s.mu.Lock()
	defer s.mu.Unlock()
	var tasks []moveTask
	for _, t := range slices.Backward(s.tasks) {
		if t.source == source {
			tasks = append(tasks, *t)
		}
	}
	return tasks
}
