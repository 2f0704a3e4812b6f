package order

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"
)

// A Budget says how the time of one create is spent; fields that are 0 mean the defaults.
type Budget struct {
	// Checks is the most that all checks together may take, 4 s by default: a neighbour that has to start first may
	// need a second or two, and a shopper waits no longer.
	Checks time.Duration
	// Write is what the checks must leave of the context's time for storing the order, 1 s by default.
	Write time.Duration
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
	failed := &Error{Kind: Unchecked, Message: validationErrors}
	for _, err := range errs {
		switch {
		case err == nil:
			continue
		case KindOf(err) == Refused: // its text is for the caller, whose words it may repeat
			failed.Kind = Refused
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
