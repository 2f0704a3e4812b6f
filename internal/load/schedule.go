package load

import (
	"context"
	"sync"
	"time"
)

// A schedule is arrivals at a constant rate. It is open: nobody waits for the answer to an earlier request.
type schedule struct {
	rate  int // arrivals a second
	count int
}

// intended is when an arrival is due, counted from the start.
func (s schedule) intended(i int) time.Duration {
	return time.Duration(i) * time.Second / time.Duration(s.rate)
}

// run lets every arrival happen at its time, each in a goroutine of its own, and returns when all have come to their
// end. One that is late, since the machine was busy, still happens, and is told when it was due. When ctx ends, no
// more arrive.
func (s schedule) run(ctx context.Context, start time.Time, arrive func(i int, due time.Time)) {
	var arrivals sync.WaitGroup
	defer arrivals.Wait()
	for i := range s.count {
		due := start.Add(s.intended(i))
		if !sleepUntil(ctx, due) {
			return
		}
		arrivals.Go(func() { arrive(i, due) })
	}
}

// sleepUntil returns at a time, which may be over, or false if ctx ends first.
func sleepUntil(ctx context.Context, at time.Time) bool { return sleep(ctx, time.Until(at)) }

// sleep returns after a while, or false if ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
