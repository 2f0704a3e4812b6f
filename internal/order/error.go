package order

import (
	"errors"
	"fmt"
)

// A Kind says what went wrong in terms that a caller can act on. The edge maps each kind to its
// response, in one place, and logs it as it is written here.
type Kind string

// The kinds of errors that the domain, its stores and its checkers return.
const (
	Invalid      Kind = "invalid"      // the request has the wrong shape: fix the request
	TooLarge     Kind = "too_large"    // the request is larger than MaxRequestBytes: fix the request
	Rejected     Kind = "rejected"     // a check rejects the order, or its total is wrong: fix the request
	Unauthorized Kind = "unauthorized" // the request has no identity: sign in
	TokenUsed    Kind = "token_used"   // the payment token belongs to another order: get a new one
	NotFound     Kind = "not_found"    // this caller has no such order
	CheckFailed  Kind = "check_failed" // no check rejects the order, but at least one failed: retry
	Unavailable  Kind = "unavailable"  // the table or the bus failed: retry
	Unreadable   Kind = "unreadable"   // the order is stored but cannot be read: an operator must repair the item
	Permanent    Kind = "permanent"    // the event can never be published: do not retry
)

// An Error is a failure with a text that is safe to show to callers and a cause for operators. None
// of its texts holds personal data or a payment token.
type Error struct {
	Kind    Kind
	Message string   // for callers
	Details []string // for callers: one entry for every single error
	Err     error    // for operators: the cause, nil if Message says it all
}

// Error returns the text for operators: the message and the cause, without the details, which may
// repeat a caller's words.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return fmt.Sprintf("%s: %v", e.Message, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first Error in err's tree, the empty kind for nil, and Unavailable
// for any other error: an unexpected failure is worth a retry and is not the caller's fault.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Unavailable
}

// StoreError returns the Unavailable error of a store that failed with cause. The call can be
// repeated.
func StoreError(cause error) *Error {
	return &Error{
		Kind:    Unavailable,
		Message: "Service unavailable",
		Details: []string{"The order store is unavailable; please retry"},
		Err:     cause,
	}
}

// ErrNotFound says that there is no such order, or none that the caller may see.
var ErrNotFound = &Error{Kind: NotFound, Message: "Order not found"}
