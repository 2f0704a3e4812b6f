package load

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"orders/internal/test/hostile"
)

// An attack is hostile requests that come beside the orders, at a constant rate of their own. Those that invoke a
// function as AWS would are left out: nobody outside can send them.
type attack struct {
	schedule schedule
	requests []hostile.Request
	address  string
	token    string

	mu   sync.Mutex
	idle []*hostile.Wire
}

func prepareAttack(ctx context.Context, s *shopper, t trial) (*attack, error) {
	rate := int(float64(t.rate) * t.scenario.hostile)
	a := &attack{schedule: schedule{rate, int(t.length.Seconds() * float64(rate))}}
	if a.schedule.count == 0 {
		return a, nil
	}
	a.address = strings.TrimPrefix(s.url, "http://")
	mallory, err := signIn(ctx, s, "mallory")
	if err != nil {
		return nil, err
	}
	a.token = mallory.bearer
	all, err := hostile.Corpus()
	for _, r := range all {
		if r.Function == "" {
			a.requests = append(a.requests, r)
		}
	}
	return a, err
}

// run sends all requests, each at its time, and returns what became of them.
func (a *attack) run(ctx context.Context, start time.Time) []outcome {
	outcomes := make([]outcome, a.schedule.count)
	a.schedule.run(ctx, start, func(i int, due time.Time) {
		outcomes[i] = a.send(a.requests[i%len(a.requests)], due)
	})
	return outcomes
}

// send sends one request. One that gets the status it is to get is refused, even where it was harmless after all.
func (a *attack) send(r hostile.Request, due time.Time) outcome {
	late := time.Since(due)
	wire := a.take()
	answer, err := wire.Send(r)
	o := outcome{due: due, late: late, took: time.Since(due), kind: refused}
	switch {
	case err != nil:
		o.kind, o.problem = unanswered, fmt.Sprintf("no answer to the hostile request %q", r.Name)
	case answer.Status != r.Want.Status:
		o.kind, o.problem = wrong, fmt.Sprintf("%d instead of %d to the hostile request %q", answer.Status, r.Want.Status, r.Name)
	}
	if o.kind != refused {
		wire.Close()
	}
	a.giveBack(wire)
	return o
}

// take is a wire that nobody uses.
func (a *attack) take() *hostile.Wire {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.idle) == 0 {
		return hostile.NewWire(a.address, a.token)
	}
	last := len(a.idle) - 1
	wire := a.idle[last]
	a.idle = a.idle[:last]
	return wire
}

func (a *attack) giveBack(wire *hostile.Wire) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.idle = append(a.idle, wire)
}

// close ends the connections of an attack that is over.
func (a *attack) close() {
	for _, wire := range a.idle {
		wire.Close()
	}
	a.idle = nil
}
