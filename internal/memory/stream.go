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

// The event names of records, as DynamoDB Streams has them.
const (
	Insert = "INSERT"
	Modify = "MODIFY"
	Remove = "REMOVE"
)

// A Record is one stream record. Its images are the store's own and must not be changed.
type Record struct {
	SequenceNumber string // 21 digits, the fewest that DynamoDB's have; later ones are larger, as strings too
	EventName      string // Insert, Modify or Remove
	OrderID        string
	OldImage       json.RawMessage // the whole document before; nil for Insert
	NewImage       json.RawMessage // the whole document after; nil for Remove
	CreatedAt      time.Time       // by the store's clock
}

// Records returns at most limit records after a sequence number (empty: from the first on), oldest
// first. If there are none yet, it waits until there is one, or ctx ends. The error is Unavailable:
// ctx ended, the limit is below 1, or no record of this store has that number.
func (s *Store) Records(ctx context.Context, after string, limit int) ([]Record, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, order.StoreError(err)
		}
		records, grown, err := s.records(after, limit)
		if err != nil {
			return nil, order.StoreError(err)
		}
		if len(records) > 0 {
			return records, nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
		}
	}
}

func (s *Store) records(after string, limit int) (records []Record, grown <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stream.from(after, limit)
}

// A stream is all records, oldest first. A sequence number is an index into it.
type stream struct {
	records []Record
	grown   chan struct{} // closed by the next record; nil while nobody waits
}

func (t *stream) add(old, next *item, at time.Time) {
	c := Record{SequenceNumber: fmt.Sprintf("%021d", len(t.records)+1), EventName: Modify, CreatedAt: at}
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
	t.records = append(t.records, c)
	if t.grown != nil {
		close(t.grown)
		t.grown = nil
	}
}

// from returns the records after a sequence number, or, if there are none, a channel that is closed
// by the next one.
func (t *stream) from(after string, limit int) (records []Record, grown <-chan struct{}, err error) {
	var start uint64
	if after != "" {
		start, err = strconv.ParseUint(after, 10, 64)
	}
	switch {
	case err != nil || start > uint64(len(t.records)):
		return nil, nil, fmt.Errorf("no record has sequence number %q", after)
	case limit < 1:
		return nil, nil, fmt.Errorf("limit is %d", limit)
	}
	rest := t.records[start:]
	if len(rest) == 0 {
		if t.grown == nil { // made only now, so that it belongs to the synctest bubble of the waiting goroutine
			t.grown = make(chan struct{})
		}
		return nil, t.grown, nil
	}
	return slices.Clone(rest[:min(limit, len(rest))]), nil, nil
}
