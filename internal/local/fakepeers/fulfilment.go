package fakepeers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"orders/internal/strictjson"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Put function puts one event on the bus. It is called from goroutines of the Fulfilment and must
// not wait for its Close.
type Put func(source, detailType string, resources []string, detail json.RawMessage)

// A Fulfilment is the fake warehouse and the fake delivery service: it packs every order that is
// created and delivers every package, each after a delay and once per order, however often the bus
// repeats an event. It never puts PackagingFailed or DeliveryFailed.
//
// Warehouse and Delivery are targets of rules. They return at once, with an error if the event is
// invalid or after Close, and can be called again with the same event.
type Fulfilment struct {
	PackingTime  time.Duration // from OrderCreated to PackageCreated
	DeliveryTime time.Duration // from PackageCreated to DeliveryCompleted

	put    Put
	closed context.Context
	close  context.CancelFunc

	mu      sync.Mutex
	begun   map[job]bool // kept for the life of the Fulfilment
	pending sync.WaitGroup
}

type job struct{ detailType, orderID string }

// NewFulfilment returns a Fulfilment that takes one second for each step. Other times must be set
// before the first event. The caller must call Close.
func NewFulfilment(put Put) *Fulfilment {
	f := &Fulfilment{
		PackingTime:  time.Second,
		DeliveryTime: time.Second,
		put:          put,
		begun:        make(map[job]bool),
	}
	f.closed, f.close = context.WithCancel(context.Background())
	return f
}

// Close drops the pending steps and waits until none is running.
func (f *Fulfilment) Close() {
	f.mu.Lock()
	f.close() // under the lock, so that nothing is scheduled after Wait
	f.mu.Unlock()
	f.pending.Wait()
}

// Warehouse handles an OrderCreated event of ecommerce.orders. After PackingTime it puts a
// PackageCreated of ecommerce.warehouse with every product of the order.
//
// The context ends with the delivery of the event; packing continues until Close.
func (f *Fulfilment) Warehouse(_ context.Context, event []byte) error {
	detail, err := detailOf(event)
	if err != nil {
		return fmt.Errorf("OrderCreated: %w", err)
	}
	created := pack(detail)
	if errs := detail.Errors(); errs != nil {
		return fmt.Errorf("OrderCreated: %s", strings.Join(errs, "; "))
	}
	return f.once(f.PackingTime, "ecommerce.warehouse", "PackageCreated", created.OrderID, created)
}

// Delivery handles a PackageCreated event of ecommerce.warehouse. After DeliveryTime it puts a
// DeliveryCompleted of ecommerce.delivery. Unlike the real service it does not fetch the order
// first.
func (f *Fulfilment) Delivery(_ context.Context, event []byte) error {
	detail, err := detailOf(event)
	if err != nil {
		return fmt.Errorf("PackageCreated: %w", err)
	}
	orderID := detail.String("orderId")
	if errs := detail.Errors(); errs != nil {
		return fmt.Errorf("PackageCreated: %s", strings.Join(errs, "; "))
	}
	return f.once(f.DeliveryTime, "ecommerce.delivery", "DeliveryCompleted", orderID, map[string]string{"orderId": orderID})
}

// once puts an event after the delay, unless it has done so for this order before.
func (f *Fulfilment) once(delay time.Duration, source, detailType, orderID string, detail any) error {
	encoded, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("%s: %w", detailType, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed.Err() != nil {
		return errors.New("fulfilment is closed")
	}
	this := job{detailType, orderID}
	if f.begun[this] {
		return nil
	}
	f.begun[this] = true
	f.pending.Go(func() {
		select {
		case <-f.closed.Done():
		case <-time.After(delay):
			f.put(source, detailType, []string{orderID}, encoded)
		}
	})
	return nil
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
