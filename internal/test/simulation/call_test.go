package simulation

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// A call waits at the scheduler for its fate.
type call struct {
	at    boundary
	name  string              // who calls what; unique among the calls that wait
	ctx   context.Context     // of the caller; nil if it waits for ever
	by    *process            // nil if the caller is not a function
	ready func() bool         // reports whether the call can proceed; nil if always
	crash func()              // ends the caller
	do    func(f fate) string // carries the call out, in the scheduler's goroutine, and describes the result
	fate  chan fate           // nil if nobody waits for it
	hangs bool                // until the caller gives up
}

// ended reports whether nobody waits for a response any more.
func (c *call) ended() bool {
	return c.fate != nil && (c.ctx != nil && c.ctx.Err() != nil || c.by.dead())
}

// canProceed reports whether the scheduler may pick the call.
func (c *call) canProceed() bool {
	return c.ended() || !c.hangs && (c.ready == nil || c.ready())
}

// cross waits until the scheduler picks the call, and returns its fate.
func (s *scheduler) cross(c *call) fate {
	if s.over.Load() || c.by.dead() || c.ctx != nil && c.ctx.Err() != nil {
		return abandoned
	}
	c.fate = make(chan fate, 1)
	s.replace(nil, c)
	s.wake()
	return <-c.fate
}

// wake makes the scheduler look again.
func (s *scheduler) wake() {
	select {
	case s.arrived <- struct{}{}:
	default: // it will look anyway
	}
}

// ready returns the calls that can proceed, in the order of their names.
func (s *scheduler) ready() []*call {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortFunc(s.waiting, func(a, b *call) int { return cmp.Compare(a.name, b.name) })
	var ready []*call
	for i, c := range s.waiting {
		if i > 0 && c.name == s.waiting[i-1].name {
			panic("two waiting calls have the same name, so the seed cannot order them: " + c.name)
		}
		if c.canProceed() {
			ready = append(ready, c)
		}
	}
	return ready
}

// onlyPollersWait reports whether nothing will happen any more: all calls that wait are pollers',
// and the queue is empty, so that no message becomes visible later.
func (s *scheduler) onlyPollersWait() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	isWorking := func(c *call) bool { return c.at != stream && c.at != receive }
	return s.actors == 0 && len(s.waiting) == 1+mappings && !slices.ContainsFunc(s.waiting, isWorking) && s.queueIsEmpty()
}

// replace removes a call from those that wait, and adds another.
func (s *scheduler) replace(gone, next *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if gone != nil {
		s.waiting = slices.DeleteFunc(s.waiting, func(c *call) bool { return c == gone })
	}
	if next != nil {
		s.waiting = append(s.waiting, next)
	}
}

func (s *scheduler) names() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, c := range s.waiting {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}
