package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A fate is what becomes of a call over a boundary.
type fate string

const (
	passes      fate = "passes"
	lost        fate = "lost"         // never arrives, and the caller hears nothing
	lostAnswer  fate = "lost answer"  // is carried out, and the caller hears nothing
	late        fate = "late"         // the caller hears nothing, and later, or never, it is carried out
	throttled   fate = "throttled"    // is turned down for now
	broken      fate = "broken"       // is answered with a 500, and not carried out
	forbidden   fate = "forbidden"    // is turned down for lack of a permission that has not come into effect yet
	twice       fate = "twice"        // arrives twice
	never       fate = "never"        // is answered only by the end of the caller's patience
	conflict    fate = "conflict"     // another writer comes first
	partial     fate = "failed entry" // some entries of the request are not accepted
	crashBefore fate = "crash before" // the process that calls ends, and nothing is carried out
	crashAfter  fate = "crash after"  // is carried out, and then the process that calls ends
	restart     fate = "restart"      // the poller of the stream starts again from its checkpoint; the call goes on
	stall       fate = "stall"        // everything stands still for seconds

	abandoned fate = "abandoned" // no fault: the caller had given up or ended before
)

// A boundary is a place where a call leaves a process or enters one.
type boundary string

const (
	request    boundary = "request"    // of a customer, on its way to the service
	answer     boundary = "answer"     // to a customer
	check      boundary = "check"      // by a neighbour
	tableRead  boundary = "read"       // of the table
	tableWrite boundary = "write"      // to the table: PutItem
	update     boundary = "update"     // of an item of the table: UpdateItem
	stream     boundary = "stream"     // a batch read by the poller
	handOver   boundary = "hand over"  // of a batch to table-update
	checkpoint boundary = "checkpoint" // of the poller
	putEvents  boundary = "PutEvents"
	delivery   boundary = "delivery" // of an event to its target
	world      boundary = "world"    // what others do: never at fault
)

// faults lists what can go wrong at a boundary.
func (b boundary) faults() []fate {
	switch b {
	case request:
		return []fate{lost, twice, late}
	case answer:
		return []fate{lost}
	case check:
		return []fate{broken, never, crashBefore, crashAfter}
	case tableRead:
		return []fate{throttled, broken, lost, crashBefore, crashAfter}
	case tableWrite:
		return []fate{throttled, broken, lost, lostAnswer, lostAnswer, late, crashBefore, crashAfter}
	case update:
		return []fate{throttled, broken, lost, lostAnswer, late, conflict, crashBefore, crashAfter}
	case stream:
		return []fate{broken, crashBefore}
	case handOver:
		return []fate{crashBefore}
	case checkpoint:
		return []fate{broken, lostAnswer, crashBefore, crashAfter}
	case putEvents:
		return []fate{throttled, broken, forbidden, lost, lostAnswer, late, partial, partial, crashBefore, crashAfter, restart}
	case delivery:
		return []fate{lost, twice}
	}
	return nil
}

// exposure is how often a boundary is hit by faults, against others: an order crosses some far more often.
func (b boundary) exposure() float64 {
	switch b {
	case check:
		return 0.25
	case tableWrite, update, putEvents:
		return 2
	}
	return 1
}

// writes tells whether a call at this boundary may have been carried out although its caller gave up on it.
func (b boundary) writes() bool { return slices.Contains(b.faults(), lostAnswer) }

// carriesOut tells whether what the call asks for happens now.
func (f fate) carriesOut() bool {
	switch f {
	case passes, lostAnswer, twice, conflict, partial, crashAfter, restart:
		return true
	}
	return false
}

func (f fate) crashes() bool { return f == crashBefore || f == crashAfter }

// A tally counts what histories were made of.
type tally struct {
	histories, steps int
	faults           map[fate]int
	orders, events   int // stored; accepted by the bus
}

func (t *tally) add(other tally) {
	t.histories += other.histories
	t.steps += other.steps
	t.orders += other.orders
	t.events += other.events
	if t.faults == nil {
		t.faults = map[fate]int{}
	}
	for f, n := range other.faults {
		t.faults[f] += n
	}
}

// String is one line.
func (t *tally) String() string {
	all := 0
	var kinds []string
	for _, f := range slices.Sorted(maps.Keys(t.faults)) {
		all += t.faults[f]
		kinds = append(kinds, fmt.Sprintf("%s %d", f, t.faults[f]))
	}
	return fmt.Sprintf("%d histories, %d steps, %d orders, %d events accepted, %d faults: %s",
		t.histories, t.steps, t.orders, t.events, all, strings.Join(kinds, ", "))
}
