package peer

import "sync"

const (
	// callsPerExtra is how many calls pay for one hedge or retry: the share is one in ten in the long run.
	callsPerExtra = 10
	// burst is how many hedges and retries there may be beyond that.
	burst = 10
)

// An allowance bounds how many requests are sent beyond one a call, so that hedges and retries do not make a slow peer
// slower or bring a failing one down. The zero value is full. After n calls at most n/callsPerExtra + burst were taken.
type allowance struct {
	mu   sync.Mutex
	owed int // in calls
}

// earn counts a call.
func (a *allowance) earn() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.owed = max(0, a.owed-1)
}

// take tells whether one request more may be sent, and counts it.
func (a *allowance) take() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.owed+callsPerExtra > burst*callsPerExtra {
		return false
	}
	a.owed += callsPerExtra
	return true
}
