package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// A process is the execution environment of one invocation of a function. When it crashes, whatever it still tries has
// no effect any more, and nobody hears from it.
type process struct {
	name   string
	ended  atomic.Bool
	end    context.CancelFunc
	skew   time.Duration // of its clock
	random *rand.Rand    // for its jitter

	agreed int // checks that were answered with a yes; the scheduler's goroutine counts them
}

type processKey struct{}

// processOf is the process that a context belongs to.
func processOf(ctx context.Context) *process { return ctx.Value(processKey{}).(*process) }

// maxSkew is how far the clocks of processes are from the right time at most. None is exactly like another.
const maxSkew = 2 * time.Second

var errCrashed = errors.New("the process ended")

// A function is what is invoked: the code under test.
type function interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// invoke runs a function in a process of its own. The error is the function's, or that it ended without an answer.
func (h *history) invoke(name string, timeout time.Duration, f func(p *process) function, payload []byte) ([]byte, error) {
	random := h.source(name)
	p := &process{name: name, random: random, skew: time.Duration(random.Int64N(int64(2*maxSkew))) - maxSkew}
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), processKey{}, p), timeout)
	defer cancel()
	p.end = cancel
	answer, err := h.survive(p, func() ([]byte, error) { return f(p).Invoke(ctx, payload) })
	if p.dead() || ctx.Err() != nil {
		return nil, errCrashed
	}
	return answer, err
}

// survive ends the process, and not the test, if the code under test panics.
func (h *history) survive(p *process, invoke func() ([]byte, error)) (answer []byte, err error) {
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

// now is what the process takes for the time. It stands still within a quantum, where random pauses end.
func (p *process) now() time.Time { return time.Now().Truncate(quantum).Add(p.skew) }
