package simulation

import (
	"testing/synctest"
	"time"
)

// lag lets some time pass, for which all that wait must wait.
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

// sleep lets time pass until there may be something to see, and then to the end of the quantum: how long a random pause
// within it was decides nothing.
func (s *scheduler) sleep() {
	select {
	case <-s.arrived: // of what has been seen
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

// abandon ends every call, now and from now on, until no actor is left. What can go wrong has.
func (s *scheduler) abandon() {
	s.over.Store(true)
	for range muchPatience {
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
	panic("the history does not end, and neither do its goroutines:\n" + s.trace.String())
}
