// Package lambdaruntime runs the built binary of a Lambda function on this machine as Lambda does:
// in a process of its own, with Lambda's environment and nothing else, with events from Lambda's
// runtime API over the loopback interface. Deadlines, crashes and restarts are Lambda's, too.
//
// It serves tests and measurements of what is deployed. To run handlers in this process, see
// internal/local/lambda.
package lambdaruntime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"orders/internal/local/lambda"
)

// Options say what to run. Only Binary is required.
type Options struct {
	Binary      string            // the path of the function's executable
	Name        string            // of the function; the binary's if empty
	Env         map[string]string // added to Lambda's own variables, and stronger
	Memory      int               // in MB, as the function sees it, not enforced; 128 if 0
	CPU         float64           // share of one CPU from the first request for an event on, see CanThrottle; 0: unlimited
	Timeout     time.Duration     // of one invocation; lambda.DefaultTimeout if 0
	Grace       time.Duration     // how much longer it may take before it is killed: none on Lambda, some in tests on busy machines
	InitTimeout time.Duration     // until a process asks for its first event; 10 s if 0
	Concurrency int               // invocations in flight at once in the one process; 1 if 0
	Log         io.Writer         // gets the function's stdout and stderr; nil discards them
}

func (o Options) withDefaults() Options {
	o.Name = cmp.Or(o.Name, filepath.Base(o.Binary))
	o.Memory = cmp.Or(o.Memory, 128)
	o.Timeout = cmp.Or(o.Timeout, lambda.DefaultTimeout)
	o.InitTimeout = cmp.Or(o.InitTimeout, 10*time.Second)
	o.Concurrency = cmp.Or(o.Concurrency, 1)
	return o
}

// A Function runs in one process at a time. A process that has ended, for whatever reason, is
// replaced when the next invocation needs it. It is safe for concurrent use. The owner must call
// Close.
type Function struct {
	options Options
	slots   chan struct{} // one token for each invocation in flight
	closed  chan struct{}

	mu      sync.Mutex
	current *process // nil before the first
}

var errClosed = errors.New("closed")

// Start starts the function's first process and returns when it asks for its first event. If the
// process ends, reports an error or exceeds InitTimeout before that, the error is a
// *lambda.FunctionError.
func Start(ctx context.Context, options Options) (*Function, error) {
	options = options.withDefaults()
	f := &Function{options: options, slots: make(chan struct{}, options.Concurrency), closed: make(chan struct{})}
	if _, err := f.ready(ctx); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Invoke passes payload, which must be JSON, to the function and returns its response. It never
// retries.
//
// The error is a *lambda.FunctionError if the handler returns an error or panics, if the response
// is larger than lambda.MaxResponse, if the process ends, or if there is no response within Timeout
// and Grace: then the process has been killed, with everything in flight in it. ctx bounds the wait
// for a process that is ready, not the invocation: Lambda finishes what it has begun.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("invoke %s: %w", f.options.Name, context.Cause(ctx))
	case <-f.closed:
		return nil, fmt.Errorf("invoke %s: %w", f.options.Name, errClosed)
	}
	for {
		p, err := f.ready(ctx)
		if err != nil {
			return nil, err
		}
		response, err := p.invoke(ctx, payload)
		if !errors.Is(err, errNotTaken) {
			return response, err
		}
	}
}

// ready returns a process that has asked for an event.
func (f *Function) ready(ctx context.Context) (*process, error) {
	p, err := f.running()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", f.options.Name, err)
	}
	select {
	case <-p.ready:
		return p, nil
	case <-p.gone:
		if p.isReady() {
			return p, nil // the caller notices that it is gone
		}
		return nil, p.startError()
	case <-ctx.Done():
		return nil, fmt.Errorf("start %s: %w", f.options.Name, context.Cause(ctx))
	}
}

// running returns the current process, or a new one if that is gone.
func (f *Function) running() (*process, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.closed:
		return nil, errClosed
	default:
	}
	number := 1
	if f.current != nil {
		if !f.current.isGone() {
			return f.current, nil
		}
		number = f.current.facts.Number + 1
	}
	p, err := spawn(f.options, number)
	if err != nil {
		return nil, err
	}
	f.current = p
	return p, nil
}

// Process describes the current process, or the last one if none runs.
func (f *Function) Process() Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.current.describe()
}

// Close kills the process, as Lambda does without warning, and returns when it and everything that
// served it are gone. Invocations in flight fail. Closing twice is harmless.
func (f *Function) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.closed:
	default:
		close(f.closed)
	}
	if f.current != nil {
		f.current.kill()
		<-f.current.gone
	}
}
