package peer

import (
	"cmp"
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// maxHedges is how many hedges one check may send: if one response in fifty stalls, only one
	// check in a hundred thousand has to wait for one that does.
	maxHedges = 2

	// maxRetries is how many retries one check may send. Each waits between half and all of the
	// backoff, which begins at firstBackoff and grows by backoffFactor. Together they are spread
	// over about a second and never less than half a second, because throttling and failovers often
	// last that long.
	maxRetries    = 3
	firstBackoff  = 80 * time.Millisecond
	backoffFactor = 3
)

// A race is the attempts of one check: the first, hedges if responses are late, and retries of
// those that failed. The first verdict wins. Hedges and retries need the retry budget.
//
// failsafe-go's hedge policy does not fit: it leaves the goroutines of canceled attempts behind,
// does not hedge before it has samples, sets no bounds for the delay, and its budget limits
// concurrency instead of a share.
type race struct {
	*check
	send     func() result
	running  sync.WaitGroup
	results  chan result
	next     *time.Timer // when the next attempt is due, if one is allowed
	hedges   int         // started so far
	retries  int         // started so far
	ended    []result
	retrying bool // next is for a retry, not for a hedge
	backoff  time.Duration
}

// race runs attempts and returns their result, at the end of ctx at the latest. None of them
// outlives it: those in flight at its end are canceled and waited for, which takes no time, because
// a RoundTripper returns as soon as its context ends.
func (c *check) race(ctx context.Context, attempt func(context.Context) result) result {
	ctx, cancel := context.WithCancel(ctx)
	r := &race{
		check:   c,
		send:    func() result { return attempt(ctx) },
		results: make(chan result, 1+maxHedges+maxRetries),
		next:    time.NewTimer(c.latency.hedgeDelay(c.options.Hedge)),
		backoff: cmp.Or(c.options.Backoff, firstBackoff),
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
	if n := len(r.ended); n > 0 && r.ended[n-1].kind.isFinal() {
		return true
	}
	return r.inFlight() == 0 && !r.retrying
}

func (r *race) inFlight() int { return 1 + r.hedges + r.retries - len(r.ended) }

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
		if result.kind.isRetryable() && ctx.Err() == nil {
			r.scheduleRetry()
		}
	case <-r.next.C:
		r.startNext()
	case <-done:
		r.retrying = false
	}
}

func (r *race) start() {
	r.running.Go(func() { r.results <- r.send() })
}

// startNext sends the request again: as a retry if one was scheduled, otherwise as a hedge.
func (r *race) startNext() {
	switch {
	case r.retrying:
		r.retrying = false
		r.retries++
		r.counters.retries.Add(1)
	case r.hedges < maxHedges && r.budget.withdraw():
		r.hedges++
		r.counters.hedges.Add(1)
	default:
		return
	}
	r.start()
	r.next.Reset(r.latency.hedgeDelay(r.options.Hedge))
}

// scheduleRetry makes the next attempt a retry, after a random wait, so that callers that failed
// together do not retry together.
func (r *race) scheduleRetry() {
	if r.retrying || r.retries == maxRetries || !r.budget.withdraw() {
		return
	}
	r.retrying = true
	r.next.Reset(r.backoff/2 + time.Duration(r.random()*float64(r.backoff/2)))
	r.backoff *= backoffFactor
}

func (c *check) random() float64 {
	if c.options.Random == nil {
		return rand.Float64()
	}
	return c.options.Random()
}
