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
	name  string              // who calls for what; of all that wait only one has it
	ctx   context.Context     // of the caller; nil: it never gives up
	by    *process            // nil: the caller is no function
	ready func() bool         // whether the call can go on; nil: always
	crash func()              // ends the caller
	do    func(f fate) string // carries the call out, in the scheduler's goroutine; says what came of it
	fate  chan fate           // nil: nobody waits for it any more
	hangs bool                // until the caller gives up
}

// ended tells whether nobody can use an answer any more.
func (c *call) ended() bool {
	return c.fate != nil && (c.ctx != nil && c.ctx.Err() != nil || c.by.dead())
}

// canGoOn tells whether the scheduler may pick the call.
func (c *call) canGoOn() bool {
	return c.ended() || !c.hangs && (c.ready == nil || c.ready())
}

// cross waits until the call may go on, and returns its fate.
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
	default: // it will
	}
}

// ready is the calls that can go on, in the order of their names.
func (s *scheduler) ready() []*call {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortFunc(s.waiting, func(a, b *call) int { return cmp.Compare(a.name, b.name) })
	var ready []*call
	for i, c := range s.waiting {
		if i > 0 && c.name == s.waiting[i-1].name {
			panic("two calls have one name, and chance would tell them apart: " + c.name)
		}
		if c.canGoOn() {
			ready = append(ready, c)
		}
	}
	return ready
}

func (s *scheduler) onlyTheStreamWaits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.actors == 0 && len(s.waiting) == 1 && s.waiting[0].at == stream
}

// replace takes a call from those that wait, and puts another there.
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
