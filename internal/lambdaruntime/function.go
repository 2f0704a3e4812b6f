// Package runtimeapi runs the built binary of a Lambda function on this machine as Lambda would: in a process of its
// own, with Lambda's environment and nothing else, fed through Lambda's runtime API over the loopback interface.
// Deadlines, crashes and restarts are Lambda's, too.
//
// It is for tests and measurements of what is deployed; to run handlers in this process, see package function.
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

// Options say what to run; of them only Binary is required.
type Options struct {
	Binary      string            // the path of the function's executable
	Name        string            // the function's name; the binary's if empty
	Env         map[string]string // added to Lambda's own variables, over which it wins
	Memory      int               // told to the function, in MB, but not enforced; 128 if 0
	Timeout     time.Duration     // the most that one invocation may take; lambda.DefaultTimeout if 0
	Grace       time.Duration     // how much longer it is left to itself; Lambda leaves nothing, a test whose machine is busy may
	InitTimeout time.Duration     // the most that a process may take until it asks for its first event; 10 s if 0
	Concurrency int               // invocations under way at once in the one process; 1 if 0
	Log         io.Writer         // what the function prints on stdout and stderr; nil drops it
}

func (o Options) withDefaults() Options {
	o.Name = cmp.Or(o.Name, filepath.Base(o.Binary))
	o.Memory = cmp.Or(o.Memory, 128)
	o.Timeout = cmp.Or(o.Timeout, lambda.DefaultTimeout)
	o.InitTimeout = cmp.Or(o.InitTimeout, 10*time.Second)
	o.Concurrency = cmp.Or(o.Concurrency, 1)
	return o
}

// A Function runs in one process at a time. A process that has ended, whatever the reason, is replaced when the next
// invocation needs it. Safe for concurrent use; the owner must call Close.
type Function struct {
	options Options
	places  chan struct{} // one token for each invocation under way
	closed  chan struct{}

	mu      sync.Mutex
	current *process // nil before the first
}

var errClosed = errors.New("closed")

// Start starts the function's first process and returns when that asks for its first event. One that ends, reports
// an error or takes longer than InitTimeout before gives a *lambda.FunctionError.
func Start(ctx context.Context, options Options) (*Function, error) {
	options = options.withDefaults()
	f := &Function{options: options, places: make(chan struct{}, options.Concurrency), closed: make(chan struct{})}
	if _, err := f.ready(ctx); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Invoke hands payload, which must be JSON, to the function and answers what it answers. It never retries.
//
// An error or panic of the handler, an answer over lambda.MaxAnswer, the end of the process or no answer within
// Timeout and Grace gives a *lambda.FunctionError; in the last case the process has been killed, with all else that was under
// way in it. ctx bounds the wait for a process that is ready, not the invocation: Lambda finishes what it has begun.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	select {
	case f.places <- struct{}{}:
		defer func() { <-f.places }()
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
		answer, err := p.invoke(ctx, payload)
		if !errors.Is(err, errNotTaken) {
			return answer, err
		}
	}
}

// ready is a process that has asked for an event.
func (f *Function) ready(ctx context.Context) (*process, error) {
	p, err := f.running()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", f.options.Name, err)
	}
	select {
	case <-p.asked:
		return p, nil
	case <-p.gone:
		if p.hasAsked() {
			return p, nil // for the caller to find out that it is gone
		}
		return nil, p.initFailure()
	case <-ctx.Done():
		return nil, fmt.Errorf("start %s: %w", f.options.Name, context.Cause(ctx))
	}
}

// running is the current process, or a new one if that is gone.
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

// Process tells of the current process, or of the last one if none is there.
func (f *Function) Process() Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.current.describe()
}

// Close kills the process, as Lambda does without warning, and returns when it and everything that served it are
// gone. Invocations under way fail. Closing twice is harmless.
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
