package fakepeers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Put takes one event to the bus. It is called from goroutines of the
// Fulfilment and must not wait for its Close.
type Put func(source, detailType string, resources []string, detail json.RawMessage)

// Fulfilment is the warehouse and the delivery: it packs whatever is ordered
// and delivers whatever is packed, each after a while and once an order, however
// often the bus repeats an event. It knows no failure; DeliveryFailed and
// PackagingFailed are for others to put.
//
// Warehouse and Delivery are targets for the bus: they return at once, with an
// error when the event is not one they understand or after Close; calling them
// again, as the bus does, is safe.
type Fulfilment struct {
	PackingTime  time.Duration // from OrderCreated to PackageCreated
	DeliveryTime time.Duration // from PackageCreated to DeliveryCompleted

	put    Put
	closed context.Context
	close  context.CancelFunc

	mu      sync.Mutex
	begun   map[job]bool // for ever, as the neighbours' tables are
	pending sync.WaitGroup
}

type job struct{ detailType, orderID string }

// NewFulfilment makes a Fulfilment that takes one second for each step; other
// times must be set before the first event. The owner calls Close.
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

// Close drops what is still to be packed or delivered and waits until nothing
// of it runs any more.
func (f *Fulfilment) Close() {
	f.mu.Lock()
	f.close() // under the lock, so that nothing is scheduled after the wait began
	f.mu.Unlock()
	f.pending.Wait()
}

// Warehouse takes OrderCreated events of ecommerce.orders; PackageCreated of
// ecommerce.warehouse follows after PackingTime, with everything packed.
//
// The context is the one delivery's: packing goes on after it, until Close.
func (f *Fulfilment) Warehouse(_ context.Context, event []byte) error {
	detail, err := detailOf(event)
	if err != nil {
		return fmt.Errorf("OrderCreated: %w", err)
	}
	created, err := pack(detail)
	if err != nil {
		return fmt.Errorf("OrderCreated: %w", err)
	}
	return f.once(f.PackingTime, "ecommerce.warehouse", "PackageCreated", created.OrderID, created)
}

// Delivery takes PackageCreated events of ecommerce.warehouse; DeliveryCompleted
// of ecommerce.delivery follows after DeliveryTime. The real one fetches the
// order first and so refuses a package of no order; this one does not look.
func (f *Fulfilment) Delivery(_ context.Context, event []byte) error {
	detail, err := detailOf(event)
	if err != nil {
		return fmt.Errorf("PackageCreated: %w", err)
	}
	orderID, err := detail.text("orderId")
	if err != nil {
		return fmt.Errorf("PackageCreated: %w", err)
	}
	return f.once(f.DeliveryTime, "ecommerce.delivery", "DeliveryCompleted", orderID, map[string]string{"orderId": orderID})
}

// once puts an event after the delay, unless it was asked to before.
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

func detailOf(event []byte) (object, error) {
	var envelope object
	if err := json.Unmarshal(event, &envelope); err != nil {
		return nil, fmt.Errorf("not an event: %w", err)
	}
	return envelope.child("detail")
}
