package peer

import (
	"fmt"
	"sync"
	"time"
)

const (
	// openAfter is how long a check must at least have got no response for the circuit to open. It
	// is less than all retries of a refused connection take.
	openAfter = 500 * time.Millisecond

	// firstOpen is how long the circuit stays open before the first probe. That time doubles after
	// each probe that gets no response, up to maxOpen.
	firstOpen = time.Second
	maxOpen   = 8 * time.Second
)

// A circuit is open while a peer does not respond, so that one check finds out and not every
// request waits. The zero value is closed. It is safe for concurrent use.
//
// It opens when a check ends without any response, because the peer was silent or refused
// connections, and no other check got a response meanwhile. A 5xx does not open it: whoever sends
// one is there, and one request that a peer cannot handle must not stop all others. After a time
// it is half-open: one check is sent as a probe. Any response to any check closes it. If nobody
// sends a probe for as long as it was open, the outage is too old to say anything, and the circuit
// is closed, too.
//
// failsafe-go's circuit breaker does not fit: a probe whose caller is canceled has to count as a
// success or a failure, and calls from before the opening count as probes.
type circuit struct {
	mu           sync.Mutex
	lastResponse time.Time // zero: never
	outage       *outage   // nil: closed
}

// An outage is why a circuit is open, and until when.
type outage struct {
	since time.Time
	cause string
	open  time.Duration // how long
	until time.Time     // half-open from then on
	probe *entry        // the one in flight, if any
}

// An entry is a check that the circuit let through.
type entry struct{ began time.Time }

// A circuitOpenError is the error of a check that was not sent because the circuit is open.
type circuitOpenError struct {
	since time.Time
	cause string
}

func (e *circuitOpenError) Error() string {
	return fmt.Sprintf("circuit open since %s: %s", e.since.UTC().Format(time.RFC3339), e.cause)
}

// enter returns an entry, which must be followed by leave, or an error if the circuit is open.
func (c *circuit) enter() (*entry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := &entry{began: time.Now()}
	switch o := c.outage; {
	case o == nil:
	case o.probe != nil || e.began.Before(o.until):
		return nil, &circuitOpenError{since: o.since, cause: o.cause}
	case e.began.Before(o.until.Add(o.open)):
		o.probe = e
	default:
		c.outage = nil
	}
	return e, nil
}

// responded records a response, whatever it is. It reports whether that closed the circuit.
func (c *circuit) responded() (closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	closed = c.outage != nil
	c.lastResponse, c.outage = time.Now(), nil
	return closed
}

// leave ends a check. If it got no response, noResponse says why; nil means that it got one, or
// that it says nothing about the peer. It reports whether that opened the circuit.
func (c *circuit) leave(e *entry, noResponse error) (opened bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	switch o := c.outage; {
	case o != nil && o.probe == e:
		o.probe = nil // without news, the next check is a probe
		if noResponse != nil {
			o.open = min(2*o.open, maxOpen)
			o.until = now.Add(o.open)
		}
	case o == nil && noResponse != nil && now.Sub(e.began) >= openAfter && c.lastResponse.Before(e.began):
		c.outage = &outage{since: now, cause: noResponse.Error(), open: firstOpen, until: now.Add(firstOpen)}
		return true
	}
	return false
}
