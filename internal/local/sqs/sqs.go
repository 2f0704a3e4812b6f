// Package sqs provides SQS queues within the process: visibility timeouts, delays, redrive
// policies, message move tasks, and SQS's own API. Queues may be durable.
package sqs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"orders/internal/local/durable"
)

// Config describes a queue.
type Config struct {
	Name              string
	Delay             time.Duration // of new messages
	VisibilityTimeout time.Duration // of a received message; 0: 30 s

	// The redrive policy: a message that has been received MaxReceiveCount times is moved to the
	// dead-letter queue, which must come earlier in the options, instead of being received again.
	// An empty name means that there is no policy.
	DeadLetterQueue string
	MaxReceiveCount int
}

// Options configure a Service.
type Options struct {
	Region  string
	Account string
	URL     string // of the service; queue URLs begin with it
	Queues  []Config
	Path    string       // of the file that keeps the messages between runs; empty: they end with the process
	Logger  *slog.Logger // nil: slog.Default
}

// A Message is a message in a queue.
type Message struct {
	ID              string               `json:"id"`
	Body            string               `json:"body"`
	Attributes      map[string]Attribute `json:"attributes,omitempty"`
	SentAt          time.Time            `json:"sentAt"`    // to its first queue, or by a move task
	ArrivedAt       time.Time            `json:"arrivedAt"` // in this queue
	VisibleAt       time.Time            `json:"visibleAt,omitzero"`
	ReceiveCount    int                  `json:"receiveCount,omitempty"`
	FirstReceivedAt time.Time            `json:"firstReceivedAt,omitzero"`
	SourceQueue     string               `json:"sourceQueue,omitempty"` // whose redrive policy moved it here
	LastError       string               `json:"lastError,omitempty"`   // that a consumer gave to Retry; SQS has none

	// Of the last receive:
	Receipt string `json:"-"`
}

// An Attribute is a message attribute.
type Attribute struct {
	DataType    string
	StringValue string `json:",omitempty"`
	BinaryValue []byte `json:",omitempty"`
}

// A Service has the queues of one account and region. It is safe for concurrent use.
type Service struct {
	options Options
	log     *slog.Logger
	journal *durable.Journal[record] // nil: in memory
	queues  []*Queue

	mu    sync.Mutex  // guards the queues and tasks; never held while the disk is written
	tasks []*moveTask // oldest first

	closing context.Context // ends move tasks
	close   context.CancelFunc
	waiting context.Context // ends receives of the API that wait
	endWait context.CancelFunc
	running sync.WaitGroup
}

// A record is a change in the journal: a message is now in a queue, or is deleted.
type record struct {
	Queue   string   `json:"queue,omitempty"`
	Message *Message `json:"message,omitempty"`
	Deleted string   `json:"deleted,omitempty"` // message ID
}

// Open returns the queues with the messages of earlier runs. Messages that were in flight when the
// last run ended are visible, and receive counts since their arrival are reset. The caller must
// call Close.
func Open(options Options) (*Service, error) {
	s := &Service{options: options, log: options.Logger}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.closing, s.close = context.WithCancel(context.Background())
	s.waiting, s.endWait = context.WithCancel(s.closing)
	for _, config := range options.Queues {
		q := &Queue{service: s, Config: config, messages: make(map[string]*message), changed: make(chan struct{})}
		if config.VisibilityTimeout == 0 {
			q.VisibilityTimeout = 30 * time.Second
		}
		if config.DeadLetterQueue != "" {
			if q.deadLetters = s.Queue(config.DeadLetterQueue); q.deadLetters == nil {
				return nil, fmt.Errorf("queue %s: dead-letter queue %s does not exist", config.Name, config.DeadLetterQueue)
			}
		}
		s.queues = append(s.queues, q)
	}
	if options.Path == "" {
		return s, nil
	}
	if err := s.restore(); err != nil {
		return nil, fmt.Errorf("open queues: %w", err)
	}
	return s, nil
}

// restore reads the journal and rewrites it without messages that have been deleted.
func (s *Service) restore() error {
	journal, records, err := durable.OpenJournal[record](s.options.Path)
	if err != nil {
		return err
	}
	if err := journal.Close(); err != nil {
		return err
	}
	last := make(map[string]record) // by message ID
	for _, r := range records {
		if r.Message == nil {
			delete(last, r.Deleted)
		} else {
			last[r.Message.ID] = r
		}
	}
	kept := slices.SortedFunc(maps.Values(last), func(a, b record) int {
		return cmp.Or(a.Message.ArrivedAt.Compare(b.Message.ArrivedAt), cmp.Compare(a.Message.ID, b.Message.ID))
	})
	for _, r := range kept {
		if q := s.Queue(r.Queue); q != nil {
			q.add(&message{Message: *r.Message})
		} else {
			s.log.Warn("queue of stored message does not exist", slog.String("queue", r.Queue), slog.String("messageId", r.Message.ID))
		}
	}
	if err := durable.RewriteJournal(s.options.Path, kept); err != nil {
		return err
	}
	s.journal, _, err = durable.OpenJournal[record](s.options.Path)
	return err
}

// EndWaits makes requests for messages that wait, now or later, return none, so that they do not
// hold up a shutdown.
func (s *Service) EndWaits() { s.endWait() }

// Close ends the move tasks. Messages stay in their queues, for the next run if they are durable.
func (s *Service) Close() error {
	s.close()
	s.running.Wait()
	if s.journal == nil {
		return nil
	}
	return s.journal.Close()
}

// Queue returns a queue, or nil if there is none of that name.
func (s *Service) Queue(name string) *Queue {
	i := slices.IndexFunc(s.queues, func(q *Queue) bool { return q.Name == name })
	if i < 0 {
		return nil
	}
	return s.queues[i]
}

// Send adds a message to each of the queues, and returns after all of them are durable. If it
// returns an error, the message is in none of the queues, and the caller may retry.
func (s *Service) Send(body string, queues ...string) error {
	return s.SendMessage(Message{Body: body}, queues...)
}

// SendMessage sends as Send does. Of the message, Body, Attributes and LastError are used.
func (s *Service) SendMessage(m Message, queues ...string) error {
	now := time.Now()
	var records []record
	for _, name := range queues {
		q := s.Queue(name)
		if q == nil {
			return fmt.Errorf("send to queue %s: %w", name, errNoQueue)
		}
		records = append(records, record{Queue: name, Message: &Message{
			ID: uuid.NewString(), Body: m.Body, Attributes: m.Attributes, LastError: m.LastError,
			SentAt: now, ArrivedAt: now, VisibleAt: now.Add(q.Delay),
		}})
	}
	return s.put(records)
}

var errNoQueue = errors.New("queue does not exist")

// put stores messages, and then makes them visible in their queues.
func (s *Service) put(records []record) error {
	if err := s.store(records); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		s.Queue(r.Queue).add(&message{Message: *r.Message})
	}
	return nil
}

func (s *Service) store(records []record) error {
	if s.journal == nil || len(records) == 0 {
		return nil
	}
	return s.journal.AppendAll(records)
}
