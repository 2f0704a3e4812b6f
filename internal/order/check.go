package order

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"
)

// A Budget says how the time of one create is spent; fields that are 0 mean the defaults. Nothing else sets a limit:
// whatever a create waits for ends with the context that it gets.
//
// The function's timeout, 10 s, is the whole. From its end backwards:
//   - the answer: 300 ms, which the handler keeps by ending the context of Create so much before the invocation's end,
//     so that work that was cut short can still be told of;
//   - the write: Write, which the checks must leave even if they began late. Storing the order, or after a failed check
//     looking for one that is already stored, has all that the checks have not used, and retries for as long;
//   - the checks: all at once, from the beginning, for Checks at most.
//
// These are bounds for trouble that lasts. What keeps 99 of 100 creates below a second lies within: a neighbour's late
// answer is asked for again long before, on another connection (internal/peer), and so is the table's
// (internal/dynamo). The bounds are wider than that second since a late yes is better than none: a neighbour that has
// to start first, every instance of it, may need two or three.
type Budget struct {
	Checks time.Duration // the most that all checks together may take, 4 s by default; then the create is Unchecked
	Write  time.Duration // what the checks must leave of the context's time, 1 s by default: several attempts
}

const (
	defaultChecks = 4 * time.Second
	defaultWrite  = time.Second
)

// deadline is when the checks of a create that begins now must be over.
func (b Budget) deadline(ctx context.Context, now time.Time) time.Time {
	end := now.Add(cmp.Or(b.Checks, defaultChecks))
	if limit, ok := ctx.Deadline(); ok {
		if limit = limit.Add(-cmp.Or(b.Write, defaultWrite)); limit.Before(end) {
			end = limit
		}
	}
	return end
}

// check asks all checkers at once, and returns when the last has answered: nil if all agree, otherwise one error
// with every message: Refused if any said no, Unchecked if some could only not be asked.
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
	failed := &Error{Kind: CheckFailed, Message: validationErrors}
	for _, err := range errs {
		switch {
		case err == nil:
			continue
		case KindOf(err) == Rejected: // its text is for the caller, whose words it may repeat
			failed.Kind = Rejected
		default:
			failed.Err = errors.Join(failed.Err, err)
		}
		if e, ok := errors.AsType[*Error](err); ok {
			failed.Details = append(failed.Details, e.Message)
		} else {
			failed.Details = append(failed.Details, "A check could not be made")
		}
	}
	if failed.Details == nil {
		return nil
	}
	return failed
}
