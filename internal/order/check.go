package order

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A Checker is one peer's check of a new order. It must be safe for concurrent use and return soon
// after ctx ends. Check returns nil if the peer accepts the order, and otherwise an [*Error] of
// kind Rejected (the peer rejects it) or CheckFailed (there is no verdict) with the message for the
// caller. It retries by itself.
type Checker interface {
	Check(ctx context.Context, o Order) error
	Peer() string // the peer's name, for messages, metrics and traces
}

const (
	// checkTime is the most that all checks together may take; then they have failed. It is far
	// above p99, because a late verdict is better than none: a peer may consist of two functions in
	// a chain, both of which have to start.
	checkTime = 8 * time.Second

	// writeTime is what the checks must leave of the time that Create has, to store the order, or
	// to look for one that is already stored: enough for several attempts.
	writeTime = time.Second
)

// checkDeadline returns the time at which checks that begin now must be over.
func checkDeadline(ctx context.Context, now time.Time) time.Time {
	end := now.Add(checkTime)
	if limit, ok := ctx.Deadline(); ok && limit.Add(-writeTime).Before(end) {
		return limit.Add(-writeTime)
	}
	return end
}

// check runs all checks at once, and returns when the last has ended: nil if all accept the order,
// otherwise one error with every message: Rejected if any check rejects it, CheckFailed if some
// only failed.
func (s *Service) check(ctx context.Context, o Order) error {
	ctx, cancel := context.WithDeadline(ctx, checkDeadline(ctx, time.Now())) // not s.Now: contexts have their own clock
	defer cancel()
	errs := make([]error, len(s.Checkers))
	var all sync.WaitGroup
	for i, c := range s.Checkers {
		all.Go(func() { errs[i] = c.Check(ctx, o) })
	}
	all.Wait()
	return combine(errs)
}

func combine(errs []error) error {
	combined := &Error{Kind: CheckFailed, Message: validationErrors}
	for _, err := range errs {
		switch {
		case err == nil:
			continue
		case KindOf(err) == Rejected: // its text is for the caller, whose words it may repeat
			combined.Kind = Rejected
		default:
			combined.Err = errors.Join(combined.Err, err)
		}
		if e, ok := errors.AsType[*Error](err); ok {
			combined.Details = append(combined.Details, e.Message)
		} else {
			combined.Details = append(combined.Details, "A check failed")
		}
	}
	if combined.Details == nil {
		return nil
	}
	return combined
}
