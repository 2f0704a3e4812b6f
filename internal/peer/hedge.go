package peer

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

const (
	// defaultHedge is when a hedge is due as long as nothing is known of the peer: later than most
	// warm functions respond, and early enough for a second attempt within a second.
	defaultHedge = 100 * time.Millisecond

	// minHedge prevents hedges for every hiccup of this process if a peer responds at once.
	// maxHedge is when every response is late, because a second attempt has to fit into the second
	// that a create should take.
	minHedge = 10 * time.Millisecond
	maxHedge = 500 * time.Millisecond

	// minSamples is how many latencies make an estimate.
	minSamples = 20
)

// A latency estimates when a response is late, from how long the peer took for its recent verdicts.
// The zero value has no samples. It is safe for concurrent use.
type latency struct {
	mu     sync.Mutex
	recent [64]time.Duration // a ring
	count  int               // of all that were ever added
}

func (l *latency) add(took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recent[l.count%len(l.recent)] = took
	l.count++
}

// hedgeDelay returns how long to wait for a response before a hedge is due: one and a half times
// the 95th percentile, so that a peer that always takes about the same is hardly ever sent a hedge.
// With too few samples it is unknown, or defaultHedge if that is 0.
func (l *latency) hedgeDelay(unknown time.Duration) time.Duration {
	l.mu.Lock()
	recent, samples := l.recent, min(l.count, len(l.recent))
	l.mu.Unlock()
	if samples < minSamples {
		return cmp.Or(unknown, defaultHedge)
	}
	slices.Sort(recent[:samples])
	p95 := recent[samples*95/100]
	return min(max(p95*3/2, minHedge), maxHedge)
}

const (
	// callsPerExtra is how many checks pay for one hedge or retry. In the long run, fewer than one
	// request in ten is one.
	callsPerExtra = 12
	// burst is how many hedges and retries are possible beyond that: all retries of a hundred
	// checks in flight, when a peer throttles for half a second.
	burst = 100 * maxRetries
)

// A retryBudget limits the requests beyond one per check, so that hedges and retries neither slow
// down a slow peer nor bring down one that fails. The zero value is full. After n checks, at most
// n/callsPerExtra + burst were withdrawn. It is safe for concurrent use.
type retryBudget struct {
	mu   sync.Mutex
	debt int // in checks
}

// deposit counts a check.
func (b *retryBudget) deposit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.debt = max(0, b.debt-1)
}

// withdraw reports whether one more request may be sent, and counts it.
func (b *retryBudget) withdraw() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.debt+callsPerExtra > burst*callsPerExtra {
		return false
	}
	b.debt += callsPerExtra
	return true
}
