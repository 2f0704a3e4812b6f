package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// A process is the execution environment of one invocation of a function. After a crash, its calls
// have no effect and its response is lost.
type process struct {
	name   string
	ended  atomic.Bool
	end    context.CancelFunc
	skew   time.Duration // of its clock
	random *rand.Rand    // for its jitter

	accepted int // checks that accepted the order, counted in the scheduler's goroutine
}

type processKey struct{}

// processOf returns the process of a context.
func processOf(ctx context.Context) *process { return ctx.Value(processKey{}).(*process) }

// maxSkew is how far the clock of a process may be from the simulated time.
const maxSkew = 2 * time.Second

var errCrashed = errors.New("the process ended")

// A function is the code under test.
type function interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// invoke runs a function in a process of its own. The error is the function's, or errCrashed.
func (h *history) invoke(name string, timeout time.Duration, f func(p *process) function, payload []byte) ([]byte, error) {
	random := h.source(name)
	p := &process{name: name, random: random, skew: time.Duration(random.Int64N(int64(2*maxSkew))) - maxSkew}
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), processKey{}, p), timeout)
	defer cancel()
	p.end = cancel
	response, err := h.survive(p, func() ([]byte, error) { return f(p).Invoke(ctx, payload) })
	if p.dead() || ctx.Err() != nil {
		return nil, errCrashed
	}
	return response, err
}

// survive ends the process, and not the test, if the code under test panics.
func (h *history) survive(p *process, invoke func() ([]byte, error)) (response []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			h.panics <- fmt.Sprintf("%s: panics: %v", p.name, r)
			p.crash()
		}
	}()
	return invoke()
}

func (p *process) dead() bool { return p != nil && p.ended.Load() }

func (p *process) crash() {
	p.ended.Store(true)
	p.end()
}

// now returns the time by the clock of the process. It does not change within a quantum, where
// random backoffs end.
func (p *process) now() time.Time { return time.Now().Truncate(quantum).Add(p.skew) }
