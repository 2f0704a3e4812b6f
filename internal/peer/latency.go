package peer

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

const (
	// defaultHedge is when a request is late as long as nothing is known of its peer: later than most warm functions
	// answer, and early enough that a whole second attempt fits into a second.
	defaultHedge = 100 * time.Millisecond

	// minHedge keeps a peer that answers at once from being asked twice for every hiccup of this process; maxHedge is
	// when any answer is late, since a second attempt has to fit into the second that a create should take.
	minHedge = 10 * time.Millisecond
	maxHedge = 500 * time.Millisecond

	// enoughAnswers is how many make an estimate.
	enoughAnswers = 20
)

// latencies are how long a peer took for its recent good answers. The zero value knows none yet.
type latencies struct {
	mu     sync.Mutex
	recent [64]time.Duration // a ring
	count  int               // of all that were ever added
}

func (l *latencies) add(took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recent[l.count%len(l.recent)] = took
	l.count++
}

// late is how long an answer may take before it is late: one and a half times what 95 of 100 recent ones took at most,
// so that a peer which always takes about the same is hardly ever asked twice. While too few are known it is unknown,
// or defaultHedge if that is 0.
func (l *latencies) late(unknown time.Duration) time.Duration {
	l.mu.Lock()
	recent, known := l.recent, min(l.count, len(l.recent))
	l.mu.Unlock()
	if known < enoughAnswers {
		return cmp.Or(unknown, defaultHedge)
	}
	slices.Sort(recent[:known])
	p95 := recent[known*95/100]
	return min(max(p95*3/2, minHedge), maxHedge)
}
