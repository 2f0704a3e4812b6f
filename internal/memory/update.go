package memory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"orders/internal/order"
	"orders/internal/strictjson"
)

// errConflict says that another writer came between reading and writing.
var errConflict = errors.New("the order has changed in the meantime")

// Update implements [order.Store]. Its guard is stricter than the contract: after any write in
// between, whatever it changed, it reads and calls change again.
func (s *Store) Update(ctx context.Context, orderID string, change func(order.Progress) (order.Progress, error)) (changed bool, err error) {
	fault, err := s.begin(ctx, OpUpdate, orderID)
	if err != nil {
		return false, err
	}
	conflict := fault == Conflict
	for {
		changed, err = s.attempt(ctx, orderID, change, conflict)
		if !errors.Is(err, errConflict) {
			break
		}
		conflict = false
	}
	if err == nil {
		err = fault.after()
	}
	return changed && err == nil, err
}

// attempt reads, calls change and writes once. The error is errConflict if another writer came
// between, or if conflict injects one.
func (s *Store) attempt(ctx context.Context, orderID string, change func(order.Progress) (order.Progress, error), conflict bool) (bool, error) {
	old := s.find(orderID)
	if old == nil {
		return false, order.ErrNotFound
	}
	before, err := old.progress()
	if err != nil {
		return false, err
	}
	after, err := change(before.Clone())
	if err != nil || after.Equal(before) {
		return false, err
	}
	document, err := merge(old.document, before, after)
	if err = errors.Join(ctx.Err(), err); err != nil {
		return false, order.StoreError(err)
	}
	next, err := newItem(document)
	if err != nil {
		return false, order.StoreError(err)
	}
	if conflict || !s.replace(old, next) {
		return false, errConflict
	}
	return true, nil
}

// replace writes next if old is still what is stored.
func (s *Store) replace(old, next *item) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.items[next.place.OrderID] != old {
		return false
	}
	s.write(old, next)
	return true
}

// merge returns the order's document with the progress in it, and everything else byte for byte.
func merge(document json.RawMessage, before, after order.Progress) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(document, &members); err != nil {
		return nil, err
	}
	changes := map[string]any{"status": after.Status, "total": after.Total, "modifiedDate": after.ModifiedDate}
	if !slices.Equal(before.Lines, after.Lines) {
		products, err := reduce(members["products"], before.Lines, after.Lines)
		if err != nil {
			return nil, err
		}
		changes["products"] = products
	}
	if added := after.History[len(before.History):]; len(added) > 0 {
		history, err := extend(members["history"], added)
		if err != nil {
			return nil, err
		}
		changes["history"] = history
	}
	for name, value := range changes {
		text, err := strictjson.Marshal(value)
		if err != nil {
			return nil, err
		}
		members[name] = text
	}
	return strictjson.Marshal(members)
}

// extend returns the stored history with more entries at its end.
func extend(stored json.RawMessage, added []order.HistoryEntry) ([]json.RawMessage, error) {
	var history []json.RawMessage
	if stored != nil {
		if err := json.Unmarshal(stored, &history); err != nil {
			return nil, err
		}
	}
	for _, entry := range added {
		text, err := strictjson.Marshal(entry)
		if err != nil {
			return nil, err
		}
		history = append(history, text)
	}
	return history, nil
}

// reduce returns the stored products without those whose quantity is 0, and with the other
// quantities that changed.
func reduce(stored json.RawMessage, before, after []order.Line) ([]map[string]json.RawMessage, error) {
	var products []map[string]json.RawMessage
	if err := json.Unmarshal(stored, &products); err != nil {
		return nil, err
	}
	if len(after) != len(products) {
		return nil, fmt.Errorf("%d lines for an order of %d products", len(after), len(products))
	}
	left := products[:0]
	for i, product := range products {
		if after[i].Quantity == 0 {
			continue
		}
		if after[i].Quantity != before[i].Quantity {
			product["quantity"] = json.RawMessage(fmt.Sprint(after[i].Quantity))
		}
		left = append(left, product)
	}
	return left, nil
}
