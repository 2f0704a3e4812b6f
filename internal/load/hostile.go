package load

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"orders/internal/test/hostile"
)

// A hostileGenerator sends hostile requests beside the orders, at a constant rate of their own.
// Those that invoke a function as AWS would are left out: nobody outside can send them.
type hostileGenerator struct {
	schedule schedule
	requests []hostile.Request
	address  string
	token    string

	mu   sync.Mutex
	idle []*hostile.Wire
}

// newHostileGenerator returns a generator for a run, which sends nothing unless the scenario says
// so.
func newHostileGenerator(ctx context.Context, c *client, r *run) (*hostileGenerator, error) {
	rate := int(float64(r.rate) * r.scenario.hostile)
	g := &hostileGenerator{schedule: schedule{rate, int(r.length.Seconds() * float64(rate))}}
	if g.schedule.count == 0 {
		return g, nil
	}
	g.address = strings.TrimPrefix(c.url, "http://")
	mallory, err := c.signIn(ctx, "mallory")
	if err != nil {
		return nil, err
	}
	g.token = mallory.bearer
	all, err := hostile.Corpus()
	for _, request := range all {
		if request.Function == "" {
			g.requests = append(g.requests, request)
		}
	}
	return g, err
}

// run sends all requests, each at its time, and returns the responses.
func (g *hostileGenerator) run(ctx context.Context, start time.Time) []response {
	responses := make([]response, g.schedule.count)
	g.schedule.run(ctx, start, func(i int, due time.Time) {
		responses[i] = g.send(g.requests[i%len(g.requests)], due)
	})
	return responses
}

// send sends one request. A response with the expected status counts as a rejection, even if the
// request is harmless.
func (g *hostileGenerator) send(request hostile.Request, due time.Time) response {
	late := time.Since(due)
	wire := g.take()
	got, err := wire.Send(request)
	r := response{due: due, late: late, latency: time.Since(due), verdict: rejected}
	switch {
	case err != nil:
		r.verdict, r.problem = unanswered, fmt.Sprintf("no response to the hostile request %q", request.Name)
	case got.Status != request.Want.Status:
		r.verdict = invalid
		r.problem = fmt.Sprintf("%d instead of %d to the hostile request %q", got.Status, request.Want.Status, request.Name)
	}
	if r.verdict != rejected {
		wire.Close()
	}
	g.giveBack(wire)
	return r
}

// take returns a connection that is not in use.
func (g *hostileGenerator) take() *hostile.Wire {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.idle) == 0 {
		return hostile.NewWire(g.address, g.token)
	}
	last := len(g.idle) - 1
	wire := g.idle[last]
	g.idle = g.idle[:last]
	return wire
}

func (g *hostileGenerator) giveBack(wire *hostile.Wire) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.idle = append(g.idle, wire)
}

// close ends the connections of a generator that has sent everything.
func (g *hostileGenerator) close() {
	for _, wire := range g.idle {
		wire.Close()
	}
	g.idle = nil
}
