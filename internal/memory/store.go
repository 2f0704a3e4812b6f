// Package memory keeps orders in memory, with a feed of every change and faults on demand. It stands in for the
// table and its stream in tests and in the local service.
//
// It starts no goroutines and knows no time but that of its clock, so that it can be used in a synctest bubble.
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

// A Store is an [order.Store] in memory. The zero value is empty and ready for use. Now and Faults must be set before
// that and not be changed after. It is safe for concurrent use.
//
// It keeps every order as its JSON document, so that what this version does not know of an order survives, and it
// keeps all changes for as long as it lives: its memory grows with every write.
type Store struct {
	Now    func() time.Time // the clock that dates the changes; nil means time.Now
	Faults Faults           // what goes wrong; nil means nothing does

	mu     sync.Mutex
	items  map[string]*item // by order id
	byUser index
	feed   feed
}

var _ order.Store = (*Store)(nil)

// Create is [order.Store]'s.
func (s *Store) Create(ctx context.Context, o order.Order) (existing *order.Order, err error) {
	fault, err := s.begin(ctx, OpCreate, o.OrderID)
	if err != nil {
		return nil, err
	}
	document, err := strictjson.Marshal(o)
	if err != nil {
		return nil, order.StoreError(err)
	}
	found := s.insert(newItem(o.OrderID, o.UserID, o.CreatedDate, document))
	if fault == LostResponse && found == nil {
		_ = s.insert(newItem(o.OrderID, o.UserID, o.CreatedDate, document)) // the retry meets this very call's own order
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

// insert stores an item if there is none with its id, and otherwise returns that one.
func (s *Store) insert(next *item) (found *item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found = s.items[next.place.OrderID]; found == nil {
		s.write(nil, next)
	}
	return found
}

// Get is [order.Store]'s.
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

// maxPageBytes is where a page ends although its limit is not reached, as DynamoDB's does: a page has to fit into the
// answer of a function.
const maxPageBytes = 1 << 20

// List is [order.Store]'s. It never lags, a page ends before its limit only with a megabyte of orders, and Next is set
// exactly when an order follows. The error is Unavailable for a limit below 1.
func (s *Store) List(ctx context.Context, userID string, limit int, after *order.Position) (order.Page, error) {
	fault, err := s.begin(ctx, OpList, "")
	if err == nil {
		err = fault.after()
	}
	if err != nil {
		return order.Page{}, err
	}
	if limit < 1 {
		return order.Page{}, order.StoreError(fmt.Errorf("a page of %d orders", limit))
	}
	items, more := s.page(userID, limit, after)
	page := order.Page{Orders: make([]order.Order, len(items))}
	for i, found := range items {
		if page.Orders[i], err = found.order(); err != nil {
			return order.Page{}, err
		}
	}
	if more {
		last := items[len(items)-1].place
		page.Next = &last
	}
	return page, nil
}

func (s *Store) page(userID string, limit int, after *order.Position) (items []*item, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	places, more := s.byUser.page(userID, limit, after)
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

// Put stores a document under its orderId, over what was there, as anyone but this service might: it may lack
// attributes, and have others. The error is Unavailable for a document that is no JSON object with an orderId.
func (s *Store) Put(ctx context.Context, document json.RawMessage) error {
	next, err := readItem(document)
	if err = errors.Join(ctx.Err(), err); err != nil {
		return order.StoreError(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(s.items[next.place.OrderID], next)
	return nil
}

// Delete removes an order, as operators do. It does nothing if there is none. The error is Unavailable.
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

// find is the item with this id, or nil.
func (s *Store) find(orderID string) *item {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.items[orderID]
}

// write is the one way in which the store changes: table, index and feed together. Nil stands for no item. Its
// caller holds the lock.
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
	s.feed.add(old, next, s.now())
}

func (s *Store) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}
