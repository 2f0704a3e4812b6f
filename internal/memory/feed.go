package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"orders/internal/order"
)

// The names of changes, as the table's stream has them.
const (
	Insert = "INSERT"
	Modify = "MODIFY"
	Remove = "REMOVE"
)

// A Record is one record of the feed. Its images are the store's own and must not be changed.
type Record struct {
	SequenceNumber string          // 21 digits, the least that DynamoDB's have; later ones are larger, as text too
	EventName      string          // Insert, Modify or Remove
	OrderID        string          // whose order changed
	OldImage       json.RawMessage // the whole document before; nil for Insert
	NewImage       json.RawMessage // the whole document after; nil for Remove
	CreatedAt      time.Time       // when, by the store's clock
}

// Records returns what followed a sequence number (empty: from the first change on) in the order in which it
// happened, at most limit changes. If there is nothing yet, it waits until there is, or ctx ends. The error is
// Unavailable: ctx ended, the limit is below 1, or this store never gave such a number.
func (s *Store) Records(ctx context.Context, after string, limit int) ([]Record, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, order.StoreError(err)
		}
		changes, grown, err := s.changes(after, limit)
		if err != nil {
			return nil, order.StoreError(err)
		}
		if len(changes) > 0 {
			return changes, nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
		}
	}
}

func (s *Store) changes(after string, limit int) (changes []Record, grown <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.feed.from(after, limit)
}

// A feed is all changes, in the order in which they happened. A sequence number is a place in it.
type feed struct {
	changes []Record
	grown   chan struct{} // closed by the next change; nil while nobody waits
}

func (f *feed) add(old, next *item, at time.Time) {
	c := Record{SequenceNumber: fmt.Sprintf("%021d", len(f.changes)+1), EventName: Modify, CreatedAt: at}
	if old != nil {
		c.OrderID, c.OldImage = old.place.OrderID, old.document
	} else {
		c.EventName = Insert
	}
	if next != nil {
		c.OrderID, c.NewImage = next.place.OrderID, next.document
	} else {
		c.EventName = Remove
	}
	f.changes = append(f.changes, c)
	if f.grown != nil {
		close(f.grown)
		f.grown = nil
	}
}

// from is the changes after a sequence number, or, if there are none, what closes when the next one happens.
func (f *feed) from(after string, limit int) (changes []Record, grown <-chan struct{}, err error) {
	var start uint64
	if after != "" {
		start, err = strconv.ParseUint(after, 10, 64)
	}
	switch {
	case err != nil || start > uint64(len(f.changes)):
		return nil, nil, fmt.Errorf("the feed has no sequence number %q", after)
	case limit < 1:
		return nil, nil, fmt.Errorf("a batch of %d changes", limit)
	}
	rest := f.changes[start:]
	if len(rest) == 0 {
		if f.grown == nil { // made only now, so that it belongs to the bubble of a test that waits in one
			f.grown = make(chan struct{})
		}
		return nil, f.grown, nil
	}
	return slices.Clone(rest[:min(limit, len(rest))]), nil, nil
}
