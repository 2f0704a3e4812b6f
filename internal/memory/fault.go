package memory

import (
	"context"
	"errors"

	"orders/internal/order"
)

// An Op is an operation that can be made to fail.
type Op string

// The operations of [order.Store].
const (
	OpCreate Op = "create"
	OpGet    Op = "get"
	OpList   Op = "list"
	OpUpdate Op = "update"
)

// A Fault is a fault injected into one call.
type Fault string

// The faults. A fault that does not apply to an operation has no effect.
const (
	None         Fault = ""
	FailBefore   Fault = "fail before"   // the call fails with Unavailable, and nothing is written
	FailAfter    Fault = "fail after"    // the call does all its work, and then fails with Unavailable
	Conflict     Fault = "conflict"      // Update: another writer comes between once, so that it reads and calls change again
	LostResponse Fault = "lost response" // Create: the order is stored, the response is lost, and the store's own retry finds the order
	Hang         Fault = "hang"          // the call waits until its context ends, fails with Unavailable, and nothing is written
)

// Faults returns the fault for a call. It is called once at the beginning of each, on the caller's
// goroutine, and may wait or use the store. The ID is empty for a list. It must be safe for
// concurrent use.
type Faults func(op Op, orderID string) Fault

var errFault = errors.New("injected fault")

// begin starts an operation of [order.Store]. Its error is an [*order.Error].
func (s *Store) begin(ctx context.Context, op Op, orderID string) (Fault, error) {
	fault := None
	if s.Faults != nil {
		fault = s.Faults(op, orderID)
	}
	if fault == Hang {
		<-ctx.Done()
	}
	if err := ctx.Err(); err != nil {
		return fault, order.StoreError(err)
	}
	if fault == FailBefore {
		return fault, order.StoreError(errFault)
	}
	return fault, nil
}

// after returns the error of a call whose work is done.
func (f Fault) after() error {
	if f != FailAfter {
		return nil
	}
	return order.StoreError(errFault)
}
