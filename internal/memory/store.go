// Package memory keeps orders in memory, with a stream of records and fault injection. It is a fake
// of the table and its stream, for tests and for the local service.
//
// It starts no goroutines and has no timers, so that it can be used in a synctest bubble.
package memory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"orders/internal/order"
	"orders/internal/strictjson"
)

// A Store is an [order.Store] in memory. The zero value is empty and ready for use. Now and Faults
// must be set before that and not be changed after. It is safe for concurrent use.
//
// It keeps every order as its JSON document, so that attributes that this version does not know
// survive, and it keeps all records: its memory grows with every write.
type Store struct {
	Now    func() time.Time // the clock for records; nil means time.Now
	Faults Faults           // the faults to inject; nil means none

	mu     sync.Mutex
	items  map[string]*item // by order ID
	byUser index
	stream stream
}

var _ order.Store = (*Store)(nil)

// Create implements [order.Store].
func (s *Store) Create(ctx context.Context, o order.Order) (existing *order.Order, err error) {
	fault, err := s.begin(ctx, OpCreate, o.OrderID)
	if err != nil {
		return nil, err
	}
	document, err := strictjson.Marshal(o)
	if err != nil {
		return nil, order.StoreError(err)
	}
	next, err := newItem(document)
	if err != nil {
		return nil, order.StoreError(err)
	}
	found := s.insert(next)
	if fault == LostResponse && found == nil {
		_ = s.insert(next) // the retry finds this call's own order
	}
	if err := fault.after(); err != nil || found == nil {
		return nil, err
	}
	stored, err := found.order()
	if err != nil {
		return nil, err
	}
	return &stored, nil
}

// insert stores an item if there is none with its ID, and otherwise returns that one.
func (s *Store) insert(next *item) (found *item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found = s.items[next.place.OrderID]; found == nil {
		s.write(nil, next)
	}
	return found
}

// Get implements [order.Store].
func (s *Store) Get(ctx context.Context, orderID string) (order.Order, error) {
	fault, err := s.begin(ctx, OpGet, orderID)
	if err == nil {
		err = fault.after()
	}
	if err != nil {
		return order.Order{}, err
	}
	found := s.find(orderID)
	if found == nil {
		return order.Order{}, order.ErrNotFound
	}
	return found.order()
}

// maxPageBytes ends a page before its limit, as DynamoDB does: a page must fit into a response.
const maxPageBytes = 1 << 20

// List implements [order.Store]. It is strongly consistent, a page ends before its limit only after
// a megabyte of orders, and Next is set if and only if an order follows. The error is Unavailable
// for a limit below 1.
func (s *Store) List(ctx context.Context, q order.Query) (order.Page, error) {
	fault, err := s.begin(ctx, OpList, "")
	if err == nil {
		err = fault.after()
	}
	if err != nil {
		return order.Page{}, err
	}
	if q.Limit < 1 {
		return order.Page{}, order.StoreError(fmt.Errorf("limit is %d", q.Limit))
	}
	items, more := s.page(q)
	var page order.Page
	for _, found := range items {
		if q.Status != "" && found.status != q.Status {
			continue
		}
		o, err := found.order()
		if unreadable, ok := errors.AsType[*order.UnreadableItem](err); ok {
			page.Unreadable = append(page.Unreadable, unreadable)
			continue
		}
		o.Document = nil
		page.Orders = append(page.Orders, o)
	}
	if more {
		last := items[len(items)-1].place
		page.Next = &last
	}
	return page, nil
}

func (s *Store) page(q order.Query) (items []*item, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	places, more := s.byUser.page(q.UserID, q.Limit, q.After)
	size := 0
	for _, place := range places {
		if size >= maxPageBytes {
			return items, true
		}
		found := s.items[place.OrderID]
		items, size = append(items, found), size+len(found.document)
	}
	return items, more
}

// Put stores a document under its orderId and replaces what was there, as other programs might: it
// may lack attributes and have unknown ones. The error is Unavailable for a document that is not a
// JSON object with an orderId.
func (s *Store) Put(ctx context.Context, document json.RawMessage) error {
	next, err := newItem(document)
	if err = errors.Join(ctx.Err(), err); err != nil {
		return order.StoreError(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(s.items[next.place.OrderID], next)
	return nil
}

// Delete removes an order, as operators do, if there is one. The error is Unavailable.
func (s *Store) Delete(ctx context.Context, orderID string) error {
	if err := ctx.Err(); err != nil {
		return order.StoreError(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.items[orderID]; found != nil {
		s.write(found, nil)
	}
	return nil
}

// find returns the item with this ID, or nil.
func (s *Store) find(orderID string) *item {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.items[orderID]
}

// write replaces an item in table, index and stream together; nil means no item. The caller holds
// the lock. Nothing else changes the store.
func (s *Store) write(old, next *item) {
	if s.items == nil {
		s.items, s.byUser = map[string]*item{}, index{}
	}
	if old != nil {
		s.byUser.remove(old)
		delete(s.items, old.place.OrderID)
	}
	if next != nil {
		s.byUser.add(next)
		s.items[next.place.OrderID] = next
	}
	s.stream.add(old, next, s.now())
}

func (s *Store) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}
