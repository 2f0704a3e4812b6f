package peer

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// maxAttempts is how often one check sends its request at most.
const maxAttempts = 3

// firstBackoff is the longest wait before the first retry; it doubles with each further one.
const firstBackoff = 40 * time.Millisecond

// A race is the attempts of one check: the first, a hedge if its response is late, and retries of
// those that failed. The first verdict wins. Hedges and retries need the retry budget.
//
// failsafe-go's hedge policy does not fit: it leaves the goroutines of canceled attempts behind,
// does not hedge before it has samples, sets no bounds for the delay, and its budget limits
// concurrency instead of a share.
type race struct {
	*check
	limit    int // of attempts
	attempt  func() result
	running  sync.WaitGroup
	results  chan result
	next     *time.Timer // when the next attempt is due, if one is allowed
	started  int
	ended    []result
	retrying bool // next is for a retry, not for a hedge
}

// race runs up to limit attempts and returns their result. None of them outlives it: those in
// flight at its end are canceled and waited for, which takes no time, because a RoundTripper
// returns as soon as its context ends.
func (c *check) race(ctx context.Context, limit int, attempt func(context.Context) result) result {
	racing, cancel := context.WithCancel(ctx)
	r := &race{
		check:   c,
		limit:   limit,
		attempt: func() result { return attempt(racing) },
		results: make(chan result, limit),
		next:    time.NewTimer(c.latency.hedgeDelay(c.options.Hedge)),
	}
	defer r.running.Wait()
	defer cancel()
	defer r.next.Stop()
	r.start()
	for !r.isOver() {
		r.step(ctx)
	}
	return combine(r.ended)
}

func (r *race) isOver() bool {
	if n := len(r.ended); n > 0 && r.ended[n-1].isFinal() {
		return true
	}
	return r.inFlight() == 0 && !r.retrying
}

func (r *race) inFlight() int { return r.started - len(r.ended) }

// step waits for the next event. Attempts end with the context, so the context matters only while
// none is in flight: a verdict that arrives at the last moment counts.
func (r *race) step(ctx context.Context) {
	var done <-chan struct{}
	if r.inFlight() == 0 {
		done = ctx.Done()
	}
	select {
	case result := <-r.results:
		r.ended = append(r.ended, result)
		if result.kind == failed && ctx.Err() == nil {
			r.scheduleRetry()
		}
	case <-r.next.C:
		r.startNext()
	case <-done:
		r.retrying = false
	}
}

func (r *race) start() {
	r.started++
	r.running.Go(func() { r.results <- r.attempt() })
}

// startNext sends the request again: as a retry if one was scheduled, otherwise as a hedge.
func (r *race) startNext() {
	switch {
	case r.retrying:
		r.retrying = false
		r.counters.retries.Add(1)
		r.start()
		r.next.Reset(r.latency.hedgeDelay(r.options.Hedge))
	case r.started < r.limit && r.budget.withdraw():
		r.counters.hedges.Add(1)
		r.start()
	}
}

// scheduleRetry makes the next attempt a retry, after a random wait, so that callers that failed
// together do not retry together.
func (r *race) scheduleRetry() {
	if r.retrying || r.started >= r.limit || !r.budget.withdraw() {
		return
	}
	r.retrying = true
	longest := firstBackoff << (len(r.ended) - 1)
	r.next.Reset(time.Duration(r.random() * float64(longest)))
}

func (c *check) random() float64 {
	if c.options.Random == nil {
		return rand.Float64()
	}
	return c.options.Random()
}
