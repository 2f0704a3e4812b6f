package peer

import (
	"fmt"
	"sync"
	"time"
)

const (
	// maxFailures is how many attempts in a row must fail for the circuit to open. If one in ten
	// failed by chance, this many in a row would happen once in a hundred million.
	maxFailures = 8

	// silence is how long one check must have waited for nothing to open the circuit by itself:
	// there is no time to find out again.
	silence = time.Second

	// firstPause is how long an open circuit stays open before the first probe. The pause doubles
	// after each probe that fails, up to maxPause.
	firstPause = time.Second
	maxPause   = 8 * time.Second
)

// A circuit is open while a peer is down, so that one check finds out and not every request waits.
// It opens if maxFailures attempts in a row failed, or if a check waited for the time of silence
// while no other got a response. After a pause it is half-open: one check is sent as a probe, and a
// response, to whomever, closes the circuit. A probe is limited to the pause before it, so that its
// caller does not wait longer than necessary, and yet a peer that needs seconds gets them in the
// end. The zero value is closed. It is safe for concurrent use.
//
// failsafe-go's circuit breaker does not fit: a probe whose caller is canceled has to count as a
// success or a failure, and calls from before the opening count as probes.
type circuit struct {
	mu           sync.Mutex
	failures     int       // attempts that failed since the last response
	lastResponse time.Time // zero: never
	outage       *outage   // nil: closed
}

// An outage is why a circuit is open, and until when.
type outage struct {
	since time.Time
	cause string
	pause time.Duration
	until time.Time // then a probe may be sent
	probe *pass     // the one in flight, if any
}

// A pass lets one check through.
type pass struct {
	began time.Time
	limit time.Duration // 0, or what a probe may take
}

func (p *pass) isProbe() bool { return p.limit > 0 }

// A circuitOpenError is the error of a check that was not sent because the circuit is open.
type circuitOpenError struct {
	since time.Time
	cause string
}

func (e *circuitOpenError) Error() string {
	return fmt.Sprintf("circuit open since %s: %s", e.since.UTC().Format(time.RFC3339), e.cause)
}

// enter returns a pass, which must be followed by one of responded, failed and leave, or an error
// if the circuit is open.
func (c *circuit) enter() (*pass, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.outage == nil {
		return &pass{began: now}, nil
	}
	if c.outage.probe != nil || now.Before(c.outage.until) {
		return nil, &circuitOpenError{since: c.outage.since, cause: c.outage.cause}
	}
	c.outage.probe = &pass{began: now, limit: c.outage.pause}
	return c.outage.probe, nil
}

// responded ends a check that got a response, whatever it was. It reports whether that closed the
// circuit.
func (c *circuit) responded() (closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	closed = c.outage != nil
	c.failures, c.lastResponse, c.outage = 0, time.Now(), nil
	return closed
}

// failed ends a check that failed. It reports whether that opened the circuit.
func (c *circuit) failed(p *pass, r result) (opened bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.outage != nil {
		if c.outage.probe == p {
			c.outage.extend(now)
		}
		return false
	}
	c.failures += r.attempts
	silent := now.Sub(p.began) >= silence && c.lastResponse.Before(p.began)
	if c.failures < maxFailures && !silent {
		return false
	}
	c.outage = &outage{since: now, cause: r.cause.Error(), pause: firstPause, until: now.Add(firstPause)}
	return true
}

// extend keeps the circuit open for twice as long as before.
func (o *outage) extend(now time.Time) {
	o.pause = min(2*o.pause, maxPause)
	o.until, o.probe = now.Add(o.pause), nil
}

// leave ends a check that says nothing about the peer. If it was a probe, the next check is one.
func (c *circuit) leave(p *pass) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.outage != nil && c.outage.probe == p {
		c.outage.probe = nil
	}
}
