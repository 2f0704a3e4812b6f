package lambdaruntime

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// An invocation is one event on its way through the function.
type invocation struct {
	id      string
	payload []byte
	outcome chan outcome // has room for the one that there will be
}

// An outcome is what a function said to an event: an answer, or a failure.
type outcome struct {
	answer  []byte
	failure error
}

// invoke hands the process an event when it next asks for one, and waits for the outcome.
func (p *process) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	i := &invocation{id: uuid.NewString(), payload: payload, outcome: make(chan outcome, 1)}
	select {
	case p.work <- i:
	case <-p.gone:
		return nil, errNotTaken
	case <-ctx.Done():
		return nil, fmt.Errorf("invoke %s: %w", p.options.Name, context.Cause(ctx))
	}
	overdue := time.NewTimer(p.options.Timeout + p.options.Grace)
	defer overdue.Stop()
	select {
	case o := <-i.outcome:
		return o.answer, o.failure
	case <-overdue.C:
		p.kill()
		<-p.gone
		return nil, timedOut(p.options, i.id)
	case <-p.gone:
	}
	select {
	case o := <-i.outcome: // it answered, and ended then
		return o.answer, o.failure
	default:
		return nil, exited(p.options.Name, i.id, p.ended)
	}
}

// begin takes note of an event that is given to the process.
func (p *process) begin(i *invocation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending[i.id] = i
}

// finish tells whoever waits for the invocation with this id of its outcome; false if nobody does.
func (p *process) finish(id string, o outcome) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, ok := p.pending[id]
	if !ok {
		return false
	}
	delete(p.pending, id)
	if p.facts.Answered.IsZero() {
		p.facts.Answered = time.Now()
	}
	i.outcome <- o
	return true
}
