package memory

import (
	"context"
	"errors"

	"orders/internal/order"
)

// An Op is an operation that can be made to fail.
type Op string

// The operations of the port.
const (
	OpCreate Op = "create"
	OpGet    Op = "get"
	OpList   Op = "list"
	OpUpdate Op = "update"
)

// A Fault is what goes wrong with one call.
type Fault string

// The faults. One that means nothing to an operation leaves it alone.
const (
	None         Fault = ""
	FailBefore   Fault = "fail before" // the call fails with Unavailable, and nothing is written
	FailAfter    Fault = "fail after"  // the call does all its work, and fails with Unavailable all the same
	Conflict     Fault = "conflict"    // Update: another writer comes between once, so that it reads and asks again
	LostResponse Fault = "lost answer" // Create: the write lands, its answer does not, and the store's own retry meets the order
	Hang         Fault = "hang"        // the call waits until its context ends, fails with Unavailable, and nothing is written
)

// Faults decides what goes wrong with a call. It is asked once at the beginning of each, from the caller's goroutine,
// and may itself wait, or use the store. The id is empty for a list. It must be safe for concurrent use.
type Faults func(op Op, orderID string) Fault

var errFault = errors.New("fault asked for")

// begin is how every operation of the port begins. Its error is an [*order.Error].
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

// after is the error of a call whose work is done.
func (f Fault) after() error {
	if f != FailAfter {
		return nil
	}
	return order.StoreError(errFault)
}
