package console

import (
	"context"
	"errors"
	"time"

	"orders/internal/order"
)

// A Tracer runs f as a part of a trace.
type Tracer interface {
	Capture(ctx context.Context, name string, f func(context.Context) error) error
}

// Store returns a store that traces and measures every call of next.
func (r *Recorder) Store(next order.Store, tracer Tracer) order.Store {
	return observedStore{next, r, tracer}
}

type observedStore struct {
	next     order.Store
	recorder *Recorder
	tracer   Tracer
}

// observe runs one call. That an order does not exist is no failure of the table.
func (s observedStore) observe(ctx context.Context, operation string, call func(context.Context) error) {
	start := time.Now()
	_ = s.tracer.Capture(ctx, "DynamoDB "+operation, func(ctx context.Context) error { // the caller has the error
		err := call(ctx)
		if errors.Is(err, order.ErrNotFound) {
			err = nil
		}
		s.recorder.metrics.addTableCall(operation, start, time.Since(start), err != nil)
		return err
	})
}

func (s observedStore) Create(ctx context.Context, o order.Order) (existing *order.Order, err error) {
	s.observe(ctx, "PutItem", func(ctx context.Context) error {
		existing, err = s.next.Create(ctx, o)
		return err
	})
	return existing, err
}

func (s observedStore) Get(ctx context.Context, orderID string) (o order.Order, err error) {
	s.observe(ctx, "GetItem", func(ctx context.Context) error {
		o, err = s.next.Get(ctx, orderID)
		return err
	})
	return o, err
}

func (s observedStore) List(ctx context.Context, q order.Query) (page order.Page, err error) {
	s.observe(ctx, "Query", func(ctx context.Context) error {
		page, err = s.next.List(ctx, q)
		return err
	})
	return page, err
}

func (s observedStore) Update(ctx context.Context, orderID string, change func(order.Progress) (order.Progress, error)) (changed bool, err error) {
	s.observe(ctx, "UpdateItem", func(ctx context.Context) error {
		changed, err = s.next.Update(ctx, orderID, change)
		return err
	})
	return changed, err
}
