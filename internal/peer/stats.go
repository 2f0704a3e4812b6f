package peer

import (
	"sync/atomic"

	"orders/internal/order"
)

// Stats counts what went to one peer since the process began. The requests sent are Calls + Hedges + Retries.
type Stats struct {
	Peer     string // as messages name it
	Calls    int64  // checks that asked the peer
	Hedges   int64  // requests sent once more since the answer was late
	Retries  int64  // requests sent once more since the one before got lost
	Refusals int64  // checks that failed at once since the peer was known to be down
	Openings int64  // how often it was found to be down
}

// StatsOf is the Stats of every checker that New made, in their order. Other checkers are left out.
func StatsOf(checkers []order.Checker) []Stats {
	var all []Stats
	for _, c := range checkers {
		if counting, ok := c.(interface{ Stats() Stats }); ok {
			all = append(all, counting.Stats())
		}
	}
	return all
}

type counters struct{ calls, hedges, retries, refusals, openings atomic.Int64 }

// Stats is what went to this peer so far. It may be called at any time.
func (e endpoint) Stats() Stats {
	c := &e.known.counted
	return Stats{
		Peer:     e.peer,
		Calls:    c.calls.Load(),
		Hedges:   c.hedges.Load(),
		Retries:  c.retries.Load(),
		Refusals: c.refusals.Load(),
		Openings: c.openings.Load(),
	}
}
