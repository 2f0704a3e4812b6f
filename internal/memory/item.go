package memory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"orders/internal/order"
)

// An item is one state of an order. It is never changed, so that it can be read without the lock.
type item struct {
	userID   string
	place    order.Position // in its user's list; the date is empty where the document has none
	document json.RawMessage
}

func newItem(orderID, userID string, created order.Date, document json.RawMessage) *item {
	return &item{userID, order.Position{CreatedDate: created, OrderID: orderID}, document}
}

// readItem reads only the keys: what else is wrong with a document shows when somebody reads it as an order.
func readItem(document json.RawMessage) (*item, error) {
	var members map[string]any
	if err := json.Unmarshal(document, &members); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	orderID, _ := members["orderId"].(string)
	userID, _ := members["userId"].(string)
	created, _ := members["createdDate"].(string)
	if orderID == "" {
		return nil, errors.New("document without an orderId")
	}
	return newItem(orderID, userID, order.Date(created), bytes.Clone(document)), nil
}

// order reads the document. The order has a copy of its own, since the store's is never to change.
func (i *item) order() (order.Order, error) {
	o, err := order.FromDocument(bytes.Clone(i.document))
	if err != nil {
		return order.Order{}, order.StoreError(err)
	}
	return o, nil
}
