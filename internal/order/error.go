package order

import (
	"errors"
	"fmt"
)

// A Kind is what went wrong in terms a caller can act on. The edge maps each kind to its answer, in one place.
type Kind string

// The kinds of errors that the domain and its stores and checkers return.
const (
	Invalid      Kind = "invalid"      // the request has the wrong shape; mend it
	TooLarge     Kind = "too large"    // the request is over MaxRequestBytes; mend it
	Rejected     Kind = "refused"      // a check said no, or the total is wrong; mend it
	Unauthorized Kind = "unauthorized" // nobody vouches for the caller; sign in
	TokenUsed    Kind = "token used"   // the payment token belongs to another order; get a new one
	NotFound     Kind = "not found"    // there is no such order for this caller
	CheckFailed  Kind = "unchecked"    // no check said no, but one could not be made; try again
	Unavailable  Kind = "unavailable"  // the table or the bus did not answer; try again
	Permanent    Kind = "unsendable"   // the event can never be sent, however often it is tried
)

// An Error is a failure with a text that is safe to show to callers and a cause for operators. None of its texts
// holds personal data or a payment token.
type Error struct {
	Kind    Kind
	Message string   // for callers
	Details []string // for callers: one entry for every single fault
	Err     error    // for operators: the cause, nil where Message says it all
}

// Error is the text for operators: the message and the cause, without the details, which may repeat a caller's words.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return fmt.Sprintf("%s: %v", e.Message, e.Err)
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of the first Error in err's tree, and Unavailable for any other error: what nobody foresaw is
// worth another try, and is no fault of the caller's. It is empty for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Unavailable
}

// StoreError is the Unavailable error of a store that failed with cause. No order of the caller's is half-done:
// the call can be repeated.
func StoreError(cause error) *Error {
	return &Error{Kind: Unavailable, Message: "Service unavailable", Details: []string{"The order store did not answer; please try again"}, Err: cause}
}

// ErrNotFound says that there is no such order, or none that the caller may know of.
var ErrNotFound = &Error{Kind: NotFound, Message: "Order not found"}
