package order

import (
	"cmp"
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
}

// A Budget says how the time of one create is spent; fields that are 0 mean the defaults. Nothing
// else sets a limit: whatever a create waits for ends with the context that it gets.
//
// The function's timeout, 15 s, is the whole. From its end backwards:
//   - the response: 300 ms, which the handler keeps by ending the context of Create that much
//     before the invocation's end, so that work that was cut short can still be reported;
//   - the write: Write, which the checks must leave even if they began late. Storing the order, or
//     after a failed check looking for one that is already stored, has all the time that the checks
//     have not used, and retries for as long;
//   - the checks: all at once, from the beginning, for at most Checks.
//
// These are bounds for trouble that lasts. What keeps 99 of 100 creates below a second lies within:
// a peer's late response is hedged long before, on another connection (internal/peer), and so is
// the table's (internal/dynamo). The bounds are wider than that second because a late verdict is
// better than none: a peer of two functions in a chain, both of which have to start, may need more
// than four.
type Budget struct {
	Checks time.Duration // the most that all checks together may take, 8 s by default; then they have failed
	Write  time.Duration // what the checks must leave of the context's time, 1 s by default: several attempts
}

const (
	defaultChecks = 8 * time.Second
	defaultWrite  = time.Second
)

// deadline returns the time at which the checks of a create that begins now must be over.
func (b Budget) deadline(ctx context.Context, now time.Time) time.Time {
	end := now.Add(cmp.Or(b.Checks, defaultChecks))
	if limit, ok := ctx.Deadline(); ok {
		if limit = limit.Add(-cmp.Or(b.Write, defaultWrite)); limit.Before(end) {
			end = limit
		}
	}
	return end
}

// check runs all checks at once, and returns when the last has ended: nil if all accept the order,
// otherwise one error with every message: Rejected if any check rejects it, CheckFailed if some
// only failed.
func (s *Service) check(ctx context.Context, o Order) error {
	ctx, cancel := context.WithDeadline(ctx, s.Budget.deadline(ctx, time.Now())) // not s.Now: contexts have their own clock
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
