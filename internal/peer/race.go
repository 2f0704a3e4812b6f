package peer

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// maxAttempts is how often one check sends its request at the most.
const maxAttempts = 3

// firstBackoff is the longest wait before the first retry; it doubles with each further one.
const firstBackoff = 40 * time.Millisecond

// A race is one check's attempts: the first; a hedge beside it, if it is late; and retries of what got lost. The first
// verdict wins. Hedges and retries need the peer's allowance.
//
// This is not failsafe-go's hedge policy, which leaves the losers' goroutines behind, does not hedge before it has
// samples, has no bounds for the delay, and whose budget bounds concurrency instead of a share.
type race struct {
	endpoint
	limit    int // of attempts
	attempt  func() outcome
	running  sync.WaitGroup
	endings  chan outcome
	next     *time.Timer // when the next attempt goes out, if one may
	started  int
	ended    []outcome
	retrying bool // next is for a retry, and not for a hedge
}

// race runs up to limit attempts and returns what they come to. None outlives it: those that have not ended when the
// race has are cancelled, and waited for, which takes no time, since a RoundTripper returns as soon as its context ends.
func (e endpoint) race(ctx context.Context, limit int, attempt func(context.Context) outcome) outcome {
	racing, cancel := context.WithCancel(ctx)
	r := &race{
		endpoint: e,
		limit:    limit,
		attempt:  func() outcome { return attempt(racing) },
		endings:  make(chan outcome, limit),
		next:     time.NewTimer(e.known.usual.late(e.calls.Hedge)),
	}
	defer r.running.Wait()
	defer cancel()
	defer r.next.Stop()
	r.start()
	for !r.isOver() {
		r.step(ctx)
	}
	return summary(r.ended)
}

func (r *race) isOver() bool {
	if n := len(r.ended); n > 0 && r.ended[n-1].isFinal() {
		return true
	}
	return r.underWay() == 0 && !r.retrying
}

func (r *race) underWay() int { return r.started - len(r.ended) }

// step waits for the next thing to happen. Attempts end with the context, so that it is asked only between them; what
// they bring at the last moment counts.
func (r *race) step(ctx context.Context) {
	var gone <-chan struct{}
	if r.underWay() == 0 {
		gone = ctx.Done()
	}
	select {
	case o := <-r.endings:
		r.ended = append(r.ended, o)
		if o.ending == lost && ctx.Err() == nil {
			r.retryLater()
		}
	case <-r.next.C:
		r.startNext()
	case <-gone:
		r.retrying = false
	}
}

func (r *race) start() {
	r.started++
	r.running.Go(func() { r.endings <- r.attempt() })
}

// startNext sends the request again: as a retry, if one was waiting for its time, or else as a hedge.
func (r *race) startNext() {
	switch {
	case r.retrying:
		r.retrying = false
		r.known.counted.retries.Add(1)
		r.start()
		r.next.Reset(r.known.usual.late(r.calls.Hedge))
	case r.started < r.limit && r.known.spare.take():
		r.known.counted.hedges.Add(1)
		r.start()
	}
}

// retryLater makes the next attempt a retry, after a random wait, so that callers who failed together do not come back
// together.
func (r *race) retryLater() {
	if r.retrying || r.started >= r.limit || !r.known.spare.take() {
		return
	}
	r.retrying = true
	longest := firstBackoff << (len(r.ended) - 1)
	r.next.Reset(time.Duration(r.random() * float64(longest)))
}

func (e endpoint) random() float64 {
	if e.calls.Random == nil {
		return rand.Float64()
	}
	return e.calls.Random()
}
