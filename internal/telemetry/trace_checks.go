package telemetry

import (
	"context"
	"fmt"

	"orders/internal/order"
)

// Checkers makes each check a step of the trace, with the requests that it
// sends below it. A step is called after its checker, which says its name as a
// fmt.Stringer does.
func (t Tracer) Checkers(checkers []order.Checker) []order.Checker {
	if t.recorder == nil {
		return checkers
	}
	traced := make([]order.Checker, len(checkers))
	for i, c := range checkers {
		traced[i] = tracedChecker{tracer: t, name: "check " + fmt.Sprint(c), checker: c}
	}
	return traced
}

type tracedChecker struct {
	tracer  Tracer
	name    string
	checker order.Checker
}

func (c tracedChecker) Check(ctx context.Context, o order.Order) error {
	var verdict error
	_ = c.tracer.Capture(ctx, c.name, func(ctx context.Context) error {
		if verdict = c.checker.Check(ctx, o); order.KindOf(verdict) == order.Rejected {
			return nil // a no is an answer, and its text is for the caller, whose words it may repeat
		}
		return verdict
	})
	return verdict
}
