package fakepeers

import (
	"cmp"
	"fmt"
	"slices"
)

// packageCreated is the detail of the warehouse's event.
type packageCreated struct {
	OrderID  string      `json:"orderId"`
	Products []packedRow `json:"products"`
}

// packedRow is a row of the warehouse's table: a product of an order, or the
// order's bookkeeping. The real warehouse sends both kinds together, since it
// sends whatever it stored under the order.
type packedRow struct {
	OrderID      string `json:"orderId"`
	ProductID    string `json:"productId"`
	Quantity     int64  `json:"quantity,omitempty"`
	Status       string `json:"status,omitempty"`
	ModifiedDate string `json:"modifiedDate,omitempty"`
}

// pack reads an order and packs all of it.
func pack(order object) (packageCreated, error) {
	var none packageCreated
	orderID, err := order.text("orderId")
	if err != nil {
		return none, err
	}
	modified, err := order.text("modifiedDate")
	if err != nil {
		return none, err
	}
	products, err := order.children("products")
	if err != nil {
		return none, err
	}
	rows := []packedRow{{OrderID: orderID, ProductID: "__metadata", Status: "COMPLETED", ModifiedDate: modified}}
	for i, product := range products {
		row, err := packProduct(orderID, product)
		if err != nil {
			return none, fmt.Errorf("products[%d]: %w", i, err)
		}
		rows = append(rows, row)
	}
	// The rows come out of the table by their sort key: bookkeeping may be anywhere.
	slices.SortStableFunc(rows, func(a, b packedRow) int { return cmp.Compare(a.ProductID, b.ProductID) })
	return packageCreated{orderID, rows}, nil
}

func packProduct(orderID string, product object) (packedRow, error) {
	row := packedRow{OrderID: orderID, Quantity: 1}
	var err error
	if row.ProductID, err = product.text("productId"); err != nil {
		return packedRow{}, err
	}
	if _, given := product["quantity"]; given {
		row.Quantity, err = product.integer("quantity", 1)
	}
	return row, err
}
