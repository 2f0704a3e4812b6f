package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A fate is what happens to a call over a boundary: success, or a fault.
type fate string

const (
	passes        fate = "passes"
	lost          fate = "lost"          // never arrives, and the caller gets no response
	lostResponse  fate = "lost response" // is carried out, and the caller gets no response
	late          fate = "late"          // the caller gets no response, and the call is carried out later or never
	throttled     fate = "throttled"     // is rejected with a throttling error
	internalError fate = "500"           // fails with a 500, and is not carried out
	forbidden     fate = "forbidden"     // is rejected for a permission that is not in effect yet
	duplicated    fate = "duplicated"    // arrives twice
	hangs         fate = "hangs"         // gets no response until the caller times out
	conflict      fate = "conflict"      // another writer comes first
	partial       fate = "failed entry"  // some entries of the request fail
	crashBefore   fate = "crash before"  // the calling process ends, and nothing is carried out
	crashAfter    fate = "crash after"   // is carried out, and then the calling process ends
	restart       fate = "restart"       // the poller restarts from its checkpoint; the call proceeds
	stall         fate = "stall"         // everything stops for seconds

	abandoned fate = "abandoned" // no fault: the caller has timed out or ended before
)

// A boundary is where a call leaves or enters a process.
type boundary string

const (
	request    boundary = "request"    // from a customer to the service
	response   boundary = "response"   // to a customer
	check      boundary = "check"      // by a peer
	tableRead  boundary = "read"       // of the table
	tableWrite boundary = "write"      // to the table: PutItem
	update     boundary = "update"     // of an item of the table: UpdateItem
	stream     boundary = "stream"     // a batch read by the poller
	invocation boundary = "invocation" // of table-update with a batch
	checkpoint boundary = "checkpoint" // of the poller
	putEvents  boundary = "PutEvents"
	delivery   boundary = "delivery" // of an event to its target
	receive    boundary = "receive"  // of messages from the queue
	remove     boundary = "delete"   // of messages that were applied
	others     boundary = "others"   // what others do: without faults
)

// faults returns the faults that can happen at a boundary.
func (b boundary) faults() []fate {
	switch b {
	case request:
		return []fate{lost, duplicated, late}
	case response:
		return []fate{lost}
	case check:
		return []fate{internalError, hangs, crashBefore, crashAfter}
	case tableRead:
		return []fate{throttled, internalError, lost, crashBefore, crashAfter}
	case tableWrite:
		return []fate{throttled, internalError, lost, lostResponse, lostResponse, late, crashBefore, crashAfter}
	case update:
		return []fate{throttled, internalError, lost, lostResponse, late, conflict, crashBefore, crashAfter}
	case stream:
		return []fate{internalError, crashBefore}
	case invocation:
		return []fate{crashBefore}
	case checkpoint:
		return []fate{internalError, lostResponse, crashBefore, crashAfter}
	case putEvents:
		return []fate{throttled, internalError, forbidden, lost, lostResponse, late, partial, partial, crashBefore, crashAfter, restart}
	case delivery:
		return []fate{lost, duplicated}
	case receive:
		return []fate{internalError, lostResponse, duplicated}
	case remove:
		return []fate{internalError, lost, lostResponse, late}
	}
	return nil
}

// exposure returns the relative frequency of faults at a boundary. An order crosses some boundaries
// far more often.
func (b boundary) exposure() float64 {
	switch b {
	case check:
		return 0.25
	case tableWrite, update, putEvents:
		return 2
	}
	return 1
}

// writes reports whether a call at this boundary may have been carried out although its caller
// timed out.
func (b boundary) writes() bool { return slices.Contains(b.faults(), lostResponse) }

// carriesOut reports whether the call is carried out now.
func (f fate) carriesOut() bool {
	switch f {
	case passes, lostResponse, duplicated, conflict, partial, crashAfter, restart:
		return true
	}
	return false
}

func (f fate) crashes() bool { return f == crashBefore || f == crashAfter }

// A tally counts what happened in histories.
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

// String returns the tally in one line.
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
