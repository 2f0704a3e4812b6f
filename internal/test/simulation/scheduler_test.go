package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"
)

const (
	quantum        = 25 * time.Millisecond // longer than any backoff of dynamo.Store and its client
	endOfTime      = 2 * time.Hour         // simulated; a history that lasts longer never ends
	endOfSteps     = 20_000
	abandonMinutes = 10_000 // for goroutines that still run when a history is over
	chanceOfLag    = 0.08   // that time passes although a call could proceed
	chanceOfSlow   = 0.9    // that another call, or time, goes before a call at the slow boundary
)

// A scheduler lets one call at a time proceed.
type scheduler struct {
	random       *rand.Rand
	trace        *trace
	tally        tally
	calm         bool     // no more faults
	slow         boundary // where calls wait until nearly all others are done; "" for none
	weather      float64  // the chance of a fault at each step
	budget       int      // faults left: a history settles once there are none
	over         atomic.Bool
	queueIsEmpty func() bool
	strays       int // calls whose callers have timed out, so far

	mu      sync.Mutex
	waiting []*call
	actors  int           // goroutines that have not ended
	arrived chan struct{} // has a token if a call has arrived or an actor has ended
}

func newScheduler(random *rand.Rand) *scheduler {
	s := &scheduler{random: random, trace: &trace{begun: time.Now()}, arrived: make(chan struct{}, 1)}
	s.tally = tally{histories: 1, faults: map[fate]int{}}
	s.weather = []float64{0, 0.03, 0.1, 0.25}[random.IntN(4)]
	s.budget = random.IntN(maxFaults + 1)
	s.slow = []boundary{"", response, check, tableWrite, update, update, stream, putEvents, putEvents, delivery, receive, remove}[random.IntN(12)]
	return s
}

// spawn starts a goroutine for whose end the history waits.
func (s *scheduler) spawn(work func()) {
	s.mu.Lock()
	s.actors++
	s.mu.Unlock()
	go func() {
		work()
		s.mu.Lock()
		s.actors--
		s.mu.Unlock()
		s.wake()
	}()
}

// run schedules calls until only pollers wait, for what never comes. The error names the calls that
// wait for ever.
func (s *scheduler) run() error {
	for {
		synctest.Wait()
		ready := s.ready()
		switch {
		case s.tally.steps > endOfSteps || time.Since(s.trace.begun) > endOfTime:
			return fmt.Errorf("the history does not end; waiting: %s", s.names())
		case len(ready) > 0:
			s.proceed(ready)
		case s.onlyPollersWait():
			return nil
		default:
			s.sleep()
		}
	}
}

// calmDown ends the faults of a history.
func (s *scheduler) calmDown() { s.calm, s.budget, s.slow = true, 0, "" }

// proceed lets one of the calls proceed, or time pass.
func (s *scheduler) proceed(ready []*call) {
	quick := slices.DeleteFunc(slices.Clone(ready), func(c *call) bool { return c.at == s.slow })
	switch {
	case len(quick) == 0 && s.random.Float64() < chanceOfSlow:
		time.Sleep(quantum)
	case !s.calm && s.random.Float64() < chanceOfLag:
		s.lag()
	case len(quick) > 0 && s.random.Float64() < chanceOfSlow:
		s.step(quick[s.random.IntN(len(quick))])
	default:
		s.step(ready[s.random.IntN(len(ready))])
	}
}

// step lets one call proceed.
func (s *scheduler) step(c *call) {
	s.tally.steps++
	f := s.fateOf(c)
	if f == hangs {
		c.hangs = true
		context.AfterFunc(c.ctx, s.wake)
		s.trace.add("%s: %s", c.name, f)
		return
	}
	s.replace(c, nil)
	var result string
	if f.carriesOut() && c.do != nil {
		result = c.do(f)
	}
	s.trace.add("%s: %s %s", c.name, f, result)
	if f == late {
		s.strays++
		s.replace(nil, &call{at: c.at, name: fmt.Sprintf("%s (stray %d)", c.name, s.strays), do: c.do})
	}
	if f.crashes() {
		c.crash()
	}
	if c.fate != nil {
		c.fate <- f
	}
}

// fateOf draws the fate of a call.
func (s *scheduler) fateOf(c *call) fate {
	switch {
	case c.fate == nil: // its caller has timed out
		return []fate{passes, passes, lost}[s.random.IntN(3)]
	case c.by.dead():
		return abandoned
	case c.ended() && c.at.writes():
		return []fate{abandoned, lostResponse}[s.random.IntN(2)]
	case c.ended():
		return abandoned
	}
	faults := c.at.faults()
	if s.budget == 0 || len(faults) == 0 || s.random.Float64() >= s.weather*c.at.exposure() {
		return passes
	}
	f := faults[s.random.IntN(len(faults))]
	if f.crashes() && c.crash == nil {
		return passes
	}
	s.count(f)
	return f
}

func (s *scheduler) count(f fate) {
	s.budget--
	s.tally.faults[f]++
}

// lag lets some time pass for all calls.
func (s *scheduler) lag() {
	for range 1 + s.random.IntN(4) {
		time.Sleep(quantum)
	}
	if s.budget > 0 && s.random.Float64() < s.weather/2 {
		s.count(stall)
		wait := []time.Duration{time.Second, 5 * time.Second, 31 * time.Second}[s.random.IntN(3)]
		s.trace.add("%s of %s", stall, wait)
		time.Sleep(wait)
	}
}

// sleep lets time pass until a call arrives or an actor ends, and then to the end of the quantum,
// so that the length of a random backoff within it makes no difference.
func (s *scheduler) sleep() {
	select {
	case <-s.arrived: // of what was already considered
	default:
	}
	timer := time.NewTimer(endOfTime)
	defer timer.Stop()
	select {
	case <-s.arrived:
	case <-timer.C:
	}
	if into := time.Since(s.trace.begun) % quantum; into > 0 {
		time.Sleep(quantum - into)
	}
}

// abandon ends every call, now and from now on, until no actor is left.
func (s *scheduler) abandon() {
	s.over.Store(true)
	for range abandonMinutes {
		synctest.Wait()
		s.mu.Lock()
		for _, c := range s.waiting {
			if c.fate != nil {
				c.fate <- abandoned
			}
		}
		s.waiting = nil
		left := s.actors
		s.mu.Unlock()
		if left == 0 {
			return
		}
		time.Sleep(time.Minute)
	}
	panic("the goroutines of the history do not end:\n" + s.trace.String())
}

// A trace is what happened in a history, with one line a step. It contains names, numbers and fates
// only, so that a seed always gives the same trace.
type trace struct {
	begun time.Time
	text  strings.Builder
}

func (t *trace) add(format string, values ...any) {
	fmt.Fprintf(&t.text, "%9.3f  ", time.Since(t.begun).Seconds())
	fmt.Fprintf(&t.text, format, values...)
	t.text.WriteByte('\n')
}

func (t *trace) String() string { return t.text.String() }
