package fakepeers

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"orders/internal/strictjson"
)

// A Put function puts one event on the bus. It is called concurrently.
type Put func(source, detailType string, resources []string, detail json.RawMessage) error

// A Fulfilment is the fake warehouse and the fake delivery service: it packs every order that is
// created and delivers every package, each once per order, however often the bus repeats an event.
// It never puts PackagingFailed or DeliveryFailed. It is safe for concurrent use.
type Fulfilment struct {
	put Put

	mu   sync.Mutex
	done map[job]bool // kept for the life of the Fulfilment
}

type job struct{ detailType, orderID string }

// NewFulfilment returns a Fulfilment.
func NewFulfilment(put Put) *Fulfilment { return &Fulfilment{put: put, done: make(map[job]bool)} }

// Warehouse handles an OrderCreated event of ecommerce.orders: it puts a PackageCreated of
// ecommerce.warehouse with every product of the order. It returns an error if the event is invalid
// or cannot be put; the caller may retry.
func (f *Fulfilment) Warehouse(event []byte) error {
	detail, err := detailOf(event)
	if err != nil {
		return fmt.Errorf("OrderCreated: %w", err)
	}
	created := pack(detail)
	if errs := detail.Errors(); errs != nil {
		return fmt.Errorf("OrderCreated: %s", strings.Join(errs, "; "))
	}
	return f.once("ecommerce.warehouse", "PackageCreated", created.OrderID, created)
}

// Delivery handles a PackageCreated event of ecommerce.warehouse: it puts a DeliveryCompleted of
// ecommerce.delivery. Unlike the real service it does not fetch the order first. Errors are as for
// Warehouse.
func (f *Fulfilment) Delivery(event []byte) error {
	detail, err := detailOf(event)
	if err != nil {
		return fmt.Errorf("PackageCreated: %w", err)
	}
	orderID := detail.String("orderId")
	if errs := detail.Errors(); errs != nil {
		return fmt.Errorf("PackageCreated: %s", strings.Join(errs, "; "))
	}
	return f.once("ecommerce.delivery", "DeliveryCompleted", orderID, map[string]string{"orderId": orderID})
}

// once puts an event, unless it has done so for this order before.
func (f *Fulfilment) once(source, detailType, orderID string, detail any) error {
	encoded, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("%s: %w", detailType, err)
	}
	this := job{detailType, orderID}
	if !f.claim(this) {
		return nil
	}
	if err := f.put(source, detailType, []string{orderID}, encoded); err != nil {
		f.release(this)
		return err
	}
	return nil
}

// claim reports whether the job is neither done nor in progress.
func (f *Fulfilment) claim(j job) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	claimed := !f.done[j]
	f.done[j] = true
	return claimed
}

func (f *Fulfilment) release(j job) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.done, j)
}

func detailOf(event []byte) (strictjson.Object, error) {
	envelope, err := strictjson.Parse(event)
	if err != nil {
		return strictjson.Object{}, err
	}
	return envelope.Object("detail"), nil
}

// A packageCreated is the detail of the warehouse's event.
type packageCreated struct {
	OrderID  string      `json:"orderId"`
	Products []packedRow `json:"products"`
}

// A packedRow is a row of the warehouse's table: a product of an order, or the order's bookkeeping.
// The real warehouse sends both kinds together.
type packedRow struct {
	OrderID      string `json:"orderId"`
	ProductID    string `json:"productId"`
	Quantity     int64  `json:"quantity,omitempty"`
	Status       string `json:"status,omitempty"`
	ModifiedDate string `json:"modifiedDate,omitempty"`
}

// pack returns the package of a whole order. What is wrong with the order is in its errors.
func pack(order strictjson.Object) packageCreated {
	orderID := order.String("orderId")
	rows := []packedRow{{OrderID: orderID, ProductID: "__metadata", Status: "COMPLETED", ModifiedDate: order.String("modifiedDate")}}
	for _, product := range order.Objects("products", 0, maxItems) {
		row := packedRow{OrderID: orderID, ProductID: product.String("productId"), Quantity: 1}
		if product.Has("quantity") {
			row.Quantity = product.Integer("quantity", 1, maxInteger)
		}
		rows = append(rows, row)
	}
	// The table returns the rows by their sort key, so bookkeeping may be anywhere.
	slices.SortStableFunc(rows, func(a, b packedRow) int { return cmp.Compare(a.ProductID, b.ProductID) })
	return packageCreated{orderID, rows}
}
