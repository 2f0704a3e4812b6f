package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"
)

const (
	quantum      = 25 * time.Millisecond // longer than any pause of dynamo.Store and its client
	endOfTime    = 2 * time.Hour         // simulated; a history that lasts longer waits for something that never comes
	endOfSteps   = 20_000
	muchPatience = 10_000 // minutes, for what still goes on when a history is over
	chanceOfLag  = 0.08   // that time passes although a call could go on
	chanceOfSlow = 0.9    // that a call at a slow boundary is not the next, or that time passes before it is
)

// A scheduler lets one call at a time go on.
type scheduler struct {
	random  *rand.Rand
	trace   *trace
	tally   tally
	calm    bool     // nothing goes wrong any more
	slow    boundary // where calls wait until nearly all others are done; none if empty
	weather float64  // the chance of a fault at each step
	budget  int      // faults left: a history settles once there are none
	over    atomic.Bool
	strays  int // calls that were left behind by their callers so far

	mu      sync.Mutex
	waiting []*call
	actors  int           // goroutines whose work is not done
	arrived chan struct{} // has a token once there may be something new to see
}

func newScheduler(random *rand.Rand) *scheduler {
	s := &scheduler{random: random, trace: &trace{begun: time.Now()}, arrived: make(chan struct{}, 1)}
	s.tally = tally{histories: 1, faults: map[fate]int{}}
	s.weather = []float64{0, 0.03, 0.1, 0.25}[random.IntN(4)]
	s.budget = random.IntN(maxFaults + 1)
	s.slow = []boundary{"", answer, check, tableWrite, update, update, stream, putEvents, putEvents, delivery}[random.IntN(10)]
	return s
}

// spawn starts an actor, whose work the history waits for.
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

// run lets the world go on until nothing is left to do. The error says who waits in vain.
func (s *scheduler) run() error {
	for {
		synctest.Wait()
		ready := s.ready()
		switch {
		case s.tally.steps > endOfSteps || time.Since(s.trace.begun) > endOfTime:
			return fmt.Errorf("the history does not end; waiting: %s", s.names())
		case len(ready) > 0:
			s.goOn(ready)
		case s.onlyTheStreamWaits():
			return nil
		default:
			s.sleep()
		}
	}
}

// calmDown ends the faults of a history.
func (s *scheduler) calmDown() { s.calm, s.budget, s.slow = true, 0, "" }

// goOn lets one of the calls go on, or all of them wait.
func (s *scheduler) goOn(ready []*call) {
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

// step lets one call go on.
func (s *scheduler) step(c *call) {
	s.tally.steps++
	f := s.fateOf(c)
	if f == never {
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

// fateOf draws what becomes of a call.
func (s *scheduler) fateOf(c *call) fate {
	switch {
	case c.fate == nil: // left behind by its caller
		return []fate{passes, passes, lost}[s.random.IntN(3)]
	case c.by.dead():
		return abandoned
	case c.ended() && c.at.writes():
		return []fate{abandoned, lostAnswer}[s.random.IntN(2)]
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
