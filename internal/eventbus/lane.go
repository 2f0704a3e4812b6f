package eventbus

import (
	"fmt"
	"time"

	"orders/internal/order"
)

// EventBridge's limits. Its documentation calls both size limits "1 MB". An entry is sent up to the
// larger reading, a request with several entries is filled up to the smaller one.
const (
	maxEntries     = 10
	maxRequestSize = 1_000_000 // bytes
	maxEntrySize   = 1 << 20   // bytes
)

const (
	firstBackoff = 20 * time.Millisecond // the longest wait before the second attempt, doubling from then on
	maxBackoff   = time.Second           // the longest wait before any attempt
	doublings    = 6                     // from the first backoff to beyond the longest
)

// A lane holds the events of one order that are not yet accepted, in their order. Only the first
// may be sent; all other fields are about it.
type lane struct {
	waiting  []int     // positions in the events passed to Publish
	attempts int       // that failed
	lastErr  error     // of the last failed attempt
	due      time.Time // of the next attempt
	alone    bool      // whether to send the event in a request of its own
}

// lanesOf returns a lane for each order, sorted by their first events.
func lanesOf(events []order.Event) []*lane {
	var lanes []*lane
	byOrder := map[string]*lane{}
	for i, event := range events {
		l := byOrder[event.OrderID]
		if l == nil {
			l = &lane{}
			byOrder[event.OrderID] = l
			lanes = append(lanes, l)
		}
		l.waiting = append(l.waiting, i)
	}
	return lanes
}

func (l *lane) empty() bool { return len(l.waiting) == 0 }

func (l *lane) first() int { return l.waiting[0] }

// advance moves on to the next event.
func (l *lane) advance() { *l = lane{waiting: l.waiting[1:]} }

// backOff records a failed attempt and sets the time of the next.
func (l *lane) backOff(cause error, jitter float64) {
	longest := min(firstBackoff<<min(l.attempts, doublings), maxBackoff)
	l.attempts++
	l.lastErr = cause
	l.due = time.Now().Add(time.Duration(jitter * float64(longest)))
}

// unfinished returns the error of the first event at the end of the call.
func (l *lane) unfinished(end error) error {
	if l.lastErr == nil {
		return fmt.Errorf("%w before the bus accepted it", end)
	}
	return fmt.Errorf("%w; attempt %d failed: %w", end, l.attempts, l.lastErr)
}

// sizeOf returns the size of an event's entry in bytes as EventBridge documents it: field names,
// the bus and the trace header do not count. A Time would add 14.
func sizeOf(event order.Event) int {
	return len(source) + len(event.Type) + len(event.Detail) + len(event.OrderID)
}

// A chunk holds the lanes whose first events are sent in one request.
type chunk struct {
	lanes []*lane
	size  int // bytes
	full  bool
}

// add adds l, whose first entry has size bytes, if it fits.
func (c *chunk) add(l *lane, size int) bool {
	if c.full || len(c.lanes) > 0 && (l.alone || c.size+size > maxRequestSize) {
		return false
	}
	c.lanes = append(c.lanes, l)
	c.size += size
	c.full = l.alone || len(c.lanes) == maxEntries
	return true
}
