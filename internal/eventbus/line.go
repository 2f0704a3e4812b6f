package eventbus

import (
	"fmt"
	"time"

	"orders/internal/order"
)

const (
	firstPause = 20 * time.Millisecond // the most to wait before the second try, doubling from then on
	maxPause   = time.Second           // the most to wait before any try
	doublings  = 6                     // from the first pause to beyond the longest

	// mendableTries are as many as show that something needs mending, and did not just come into effect late.
	mendableTries = 3
)

// A line is the events of one order that are still to be accepted: only the first may be sent. All but waiting is
// about the first.
type line struct {
	waiting []int     // positions in what Publish was given
	tries   int       // that failed
	last    error     // why the last try failed
	due     time.Time // when to try again
	alone   bool      // whether to send it in a request of its own
}

// linesOf makes a line for each order, in the order of their first events.
func linesOf(events []order.Event) []*line {
	var lines []*line
	byOrder := map[string]*line{}
	for i, event := range events {
		l := byOrder[event.OrderID]
		if l == nil {
			l = &line{}
			byOrder[event.OrderID] = l
			lines = append(lines, l)
		}
		l.waiting = append(l.waiting, i)
	}
	return lines
}

func (l *line) empty() bool { return len(l.waiting) == 0 }

func (l *line) first() int { return l.waiting[0] }

// advance lets the next event go first.
func (l *line) advance() { *l = line{waiting: l.waiting[1:]} }

// pause takes note of a try that failed.
func (l *line) pause(cause error, jitter float64) {
	longest := min(firstPause<<min(l.tries, doublings), maxPause)
	l.tries++
	l.last = cause
	l.due = time.Now().Add(time.Duration(jitter * float64(longest)))
}

// unfinished is why the first event was not accepted before the end of the call.
func (l *line) unfinished(end error) error {
	if l.last == nil {
		return fmt.Errorf("%w before the bus accepted it", end)
	}
	return fmt.Errorf("%w after %d tries, the last: %w", end, l.tries, l.last)
}
