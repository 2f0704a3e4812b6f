package order

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const validationErrors = "Validation errors"

// A Service creates, reads and updates orders. Its fields must be set before use and not be changed
// after; it is safe for concurrent use.
type Service struct {
	Store    Store
	Checkers []Checker        // all check every new order; messages are reported in their order
	Now      func() time.Time // the clock; nil means time.Now
}

// Create stores the order that userID requests, once every check accepts it. Repeating the call
// with the same payment token is safe: for the same request by the same user it returns the stored
// order as it is now, with replayed set. The errors are Rejected (a check rejects the order, or the
// claimed total is wrong), TokenUsed (the token belongs to another order), CheckFailed (a check
// failed: retry), Unavailable (the store failed: retry) and Unreadable (the order that was bought
// with this token cannot be read). The checks take at most 8 s, and leave the last second before
// ctx's deadline to the store.
func (s *Service) Create(ctx context.Context, userID string, r Request) (stored Order, replayed bool, err error) {
	if r.claimedTotal != nil && *r.claimedTotal != r.Total {
		return Order{}, false, &Error{Kind: Rejected, Message: validationErrors,
			Details: []string{fmt.Sprintf("Wrong total: got %d, expected %d", *r.claimedTotal, r.Total)}}
	}
	o := r.order(userID, NewDate(s.now()))
	ctx = ContextWithOrderID(ctx, o.OrderID)
	if err := s.check(ctx, o); err != nil {
		return s.replayAfterFailedCheck(ctx, userID, r, err)
	}
	existing, err := s.Store.Create(ctx, o)
	switch {
	case err != nil:
		return Order{}, false, err
	case existing != nil:
		return replay(*existing, userID, r)
	}
	return o, false, nil
}

// replayAfterFailedCheck returns the stored order if a request that did not pass its checks repeats
// one that was stored before: its payment token has been spent in the meantime, or prices have
// changed, and that is no reason to tell the user that the order failed.
func (s *Service) replayAfterFailedCheck(ctx context.Context, userID string, r Request, failed error) (Order, bool, error) {
	existing, err := s.Store.Get(ctx, IDFor(r.PaymentToken))
	switch {
	case err == nil:
		return replay(existing, userID, r)
	case KindOf(err) == NotFound:
		return Order{}, false, failed
	}
	// Nobody knows whether the order is stored: a rejection might make the user pay twice.
	return Order{}, false, fmt.Errorf("%w, after a failed check: %v", err, failed)
}

func replay(existing Order, userID string, r Request) (Order, bool, error) {
	if !r.madeBy(existing, userID) {
		return Order{}, false, &Error{Kind: TokenUsed, Message: "Payment token already used",
			Details: []string{"The payment token belongs to another order; every order needs a token of its own"}}
	}
	return existing, true, nil
}

// madeBy reports whether this request by userID is the one that created the stored order. Products
// are compared only while the order is unchanged, because fulfilment may have reduced them.
func (r Request) madeBy(stored Order, userID string) bool {
	return stored.UserID == userID &&
		stored.PaymentToken == r.PaymentToken &&
		stored.DeliveryPrice == r.DeliveryPrice &&
		stored.Address.equal(r.Address) &&
		(!stored.Unchanged() || slices.Equal(stored.Products, r.Products))
}

// Get returns any order, for callers that may see all. The error is NotFound, Unreadable or
// Unavailable.
func (s *Service) Get(ctx context.Context, orderID string) (Order, error) {
	if !ValidID(orderID) {
		return Order{}, ErrNotFound
	}
	return s.Store.Get(ContextWithOrderID(ctx, orderID), orderID)
}

// GetFor returns one of userID's orders. For another user's order the error is the same NotFound as
// for a missing one.
func (s *Service) GetFor(ctx context.Context, userID, orderID string) (Order, error) {
	o, err := s.Get(ctx, orderID)
	owner := o.UserID
	if item, ok := errors.AsType[*UnreadableItem](err); ok {
		owner = item.UserID
	} else if err != nil {
		return Order{}, err
	}
	if owner != userID {
		return Order{}, ErrNotFound
	}
	return o, err
}

// List returns a page of a user's orders, newest first. The error is Unavailable.
func (s *Service) List(ctx context.Context, q Query) (Page, error) { return s.Store.List(ctx, q) }

func (s *Service) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}
