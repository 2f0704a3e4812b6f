package memory

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"orders/internal/order"
	"orders/internal/strictjson"
)

// An item is one version of an order. It is never changed, so that it can be read without the lock.
type item struct {
	userID   string
	status   order.Status
	place    order.Position // in its user's list; the date is empty if the document has none
	document json.RawMessage
}

// newItem reads only what finds an item: anything else wrong with a document shows when it is read
// as an order.
func newItem(document json.RawMessage) (*item, error) {
	var members map[string]any
	if err := json.Unmarshal(document, &members); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	orderID, _ := members["orderId"].(string)
	userID, _ := members["userId"].(string)
	status, _ := members["status"].(string)
	created, _ := members["createdDate"].(string)
	if orderID == "" {
		return nil, errors.New("the document has no orderId")
	}
	place := order.Position{CreatedDate: order.Date(created), OrderID: orderID}
	return &item{userID, order.Status(status), place, bytes.Clone(document)}, nil
}

// order reads the document. The order gets a copy, because the item's must not change.
func (i *item) order() (order.Order, error) { return order.FromDocument(bytes.Clone(i.document)) }

// progress reads only the attributes of a progress, as an update does.
func (i *item) progress() (order.Progress, error) {
	members, err := strictjson.Members(i.document)
	if err != nil {
		return order.Progress{}, order.StoreError(err)
	}
	part := map[string]json.RawMessage{}
	for _, name := range order.ProgressAttributes() {
		if value, ok := members[name]; ok {
			part[name] = value
		}
	}
	document, err := strictjson.Marshal(part)
	if err != nil {
		return order.Progress{}, order.StoreError(err)
	}
	o, err := order.FromDocument(document)
	return o.Progress(), err
}

// An index holds each user's list of orders, oldest first, so that a new order goes to the end. As
// in the table's index, dates are compared as strings, and an order without user or date is in no
// list.
type index map[string][]order.Position

func (x index) add(i *item) {
	if !listed(i) {
		return
	}
	places := x[i.userID]
	at, _ := slices.BinarySearchFunc(places, i.place, compare)
	x[i.userID] = slices.Insert(places, at, i.place)
}

func (x index) remove(i *item) {
	if !listed(i) {
		return
	}
	places := x[i.userID]
	if at, found := slices.BinarySearchFunc(places, i.place, compare); found {
		x[i.userID] = slices.Delete(places, at, at+1)
	}
}

// page returns at most limit places of the user's list before a position, newest first, and reports
// whether more follow.
func (x index) page(userID string, limit int, after *order.Position) (places []order.Position, more bool) {
	older := x[userID]
	if after != nil {
		at, _ := slices.BinarySearchFunc(older, *after, compare)
		older = older[:at]
	}
	least := max(0, len(older)-limit)
	places = slices.Clone(older[least:])
	slices.Reverse(places)
	return places, least > 0
}

func listed(i *item) bool { return i.userID != "" && i.place.CreatedDate != "" }

func compare(a, b order.Position) int {
	return cmp.Or(cmp.Compare(a.CreatedDate, b.CreatedDate), cmp.Compare(a.OrderID, b.OrderID))
}
