// Package sqs keeps the dead letters of the local service.
package sqs

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
)

// The reasons of dead letters. The first two are AWS's, for an asynchronous invocation and for a
// stream.
const (
	RetriesExhausted       = "RetriesExhausted"
	RetryAttemptsExhausted = "RetryAttemptsExhausted"
	ServiceStopped         = "ServiceStopped"
	MalformedEvent         = "MalformedEvent"
)

// Entry is one dead letter: an event with its payload, or a pointer to stream records. Exactly one
// of Event and Batch is set, unless the payload was not JSON and cannot be shown.
//
// Events carry what the orders carry, payment tokens and addresses included: an entry may be shown
// to the operator who asks for it, but never logged.
type Entry struct {
	Time     time.Time       `json:"time"`
	Source   string          `json:"source"`          // the rule or mapping
	Reason   string          `json:"reason"`          // one of the constants of this package
	Error    string          `json:"error,omitempty"` // the last failure, in words
	Attempts int             `json:"attempts"`        // deliveries tried; for a batch, those that began with its first record
	Event    json.RawMessage `json:"event,omitempty"`
	Batch    *Batch          `json:"batch,omitempty"`
}

// Batch points to consecutive records of a stream, first and last included.
type Batch struct {
	ShardID             string `json:"shardId"`
	StartSequenceNumber string `json:"startSequenceNumber"`
	EndSequenceNumber   string `json:"endSequenceNumber"`
	BatchSize           int    `json:"batchSize"`
}

// A Journal keeps entries beyond this process. Append returns once the entry is safe, or with the
// reason why it is not. It is called concurrently.
type Journal interface {
	Append(entry Entry) error
}

// List holds entries in the order in which they were added. The zero List is empty and ready to
// use. It is safe for concurrent use and must not be copied.
type List struct {
	journal Journal

	mu      sync.Mutex
	entries []Entry
}

// New returns a list that goes on from the entries of earlier runs, and keeps all that come in a
// journal.
func New(earlier []Entry, journal Journal) *List {
	return &List{entries: slices.Clone(earlier), journal: journal}
}

// Add appends an entry. The list keeps its Event and Batch: the caller must not change them
// afterwards. The only error is the journal's: the entry is then not in the list.
func (l *List) Add(entry Entry) error {
	if l.journal != nil {
		if err := l.journal.Append(entry); err != nil {
			return fmt.Errorf("dead letter not kept: %w", err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, entry)
	return nil
}

// All returns a copy of the list, oldest first; it is never nil, so that an empty list is JSON's
// []. What Event and Batch point to is shared and must not be changed.
func (l *List) All() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Entry{}, l.entries...)
}
