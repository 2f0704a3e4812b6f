package peer

import (
	"fmt"
	"sync"
	"time"
)

const (
	// enoughFailures is how many attempts in a row must get lost before a peer counts as down. If one in ten got lost
	// by chance, this many in a row would be one case in a hundred million.
	enoughFailures = 8

	// silence is how long a single check must have waited in vain to be enough: there is no time to find out again.
	silence = time.Second

	// firstPause is how long a peer that is down is left alone before the first probe. The pause doubles after each
	// probe that fails, up to maxPause.
	firstPause = time.Second
	maxPause   = 8 * time.Second
)

// A circuit is open while a peer is down: it is found out once, and not waited for by every request. The circuit opens
// when enoughFailures attempts in a row got lost, or a check waited in vain for the time of silence while nobody else
// got an answer. After a pause one check goes out as a probe, and an answer closes the circuit, whoever got it. A probe
// takes no longer than the pause before it: whoever has to make it is not held up longer than necessary, and still a peer
// that needs seconds gets them in the end. The zero value is closed.
//
// This is not failsafe-go's breaker, where a probe whose caller goes away can give its turn back only by counting as an
// answer or as a failure, and calls from before the opening count as probes.
type circuit struct {
	mu           sync.Mutex
	failures     int       // attempts that got lost since the last answer
	lastAnswered time.Time // zero: never
	outage       *outage   // nil: closed
}

// An outage is why a circuit is open, and until when.
type outage struct {
	since time.Time
	cause string
	pause time.Duration
	until time.Time // then a probe may go out
	probe *pass     // the one that is under way, if any
}

// A pass lets one check through.
type pass struct {
	began time.Time
	limit time.Duration // 0, or what a probe may take
}

func (p *pass) isProbe() bool { return p.limit > 0 }

// A circuitOpenError is the error of a check that was not made since the peer is down.
type circuitOpenError struct {
	since time.Time
	cause string
}

func (e *circuitOpenError) Error() string {
	return fmt.Sprintf("circuit open since %s: %s", e.since.UTC().Format(time.RFC3339), e.cause)
}

// enter lets a check through, which must be followed by one of answered, failed and gaveUp; or it errs, at once.
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

// answered is the end of a check that found the peer there, whatever it said. It tells whether that closed the circuit.
func (c *circuit) answered() (closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	closed = c.outage != nil
	c.failures, c.lastAnswered, c.outage = 0, time.Now(), nil
	return closed
}

// failed is the end of a check that got lost. It tells whether that opened the circuit.
func (c *circuit) failed(p *pass, result outcome) (opened bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.outage != nil {
		if c.outage.probe == p {
			c.outage.retry(now)
		}
		return false
	}
	c.failures += result.attempts
	inVain := now.Sub(p.began) >= silence && c.lastAnswered.Before(p.began)
	if c.failures < enoughFailures && !inVain {
		return false
	}
	c.outage = &outage{since: now, cause: result.cause.Error(), pause: firstPause, until: now.Add(firstPause)}
	return true
}

// retry waits longer than the last time for the next probe.
func (o *outage) retry(now time.Time) {
	o.pause = min(2*o.pause, maxPause)
	o.until, o.probe = now.Add(o.pause), nil
}

// gaveUp is the end of a check that says nothing of the peer. If it was a probe, the next check is one.
func (c *circuit) gaveUp(p *pass) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.outage != nil && c.outage.probe == p {
		c.outage.probe = nil
	}
}
