package lambdaruntime

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"orders/internal/local/lambda"
)

// A Process is one run of the function's binary. Its times serve to measure cold starts, and to
// wait for its end.
type Process struct {
	Number    int       // 1 for the function's first, and so on
	PID       int       // of the operating system
	Spawned   time.Time // when it was about to be started
	Ready     time.Time // when it first asked for an event; zero before
	Responded time.Time // when it had first completed an event, with a response or an error; zero before
	Ended     time.Time // when it had ended and Options.Log had all of its output; zero before
}

// A process is a Process that runs, with a runtime API of its own, so that nothing of an old
// process can reach a new one.
type process struct {
	options  Options
	ctx      context.Context // ends when the process is killed or has ended
	kill     context.CancelFunc
	work     chan *invocation
	ready    chan struct{}    // closed when it has asked for its first event
	gone     chan struct{}    // closed when it and its API have ended
	ended    *os.ProcessState // set before gone is closed
	throttle throttle         // from its first request for an event on

	mu            sync.Mutex
	facts         Process
	late          bool // killed because it was not ready in time
	throttleError error
	initError     *lambda.FunctionError  // what it reported about its failed start
	pending       map[string]*invocation // by request ID
}

// spawn starts a process. The error is for a binary that cannot be run.
func spawn(options Options, number int) (*process, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &process{
		options: options,
		work:    make(chan *invocation),
		ready:   make(chan struct{}),
		gone:    make(chan struct{}),
		facts:   Process{Number: number},
		pending: map[string]*invocation{},
	}
	if options.CPU > 0 {
		if p.throttle, err = newThrottle(options.CPU); err != nil {
			return nil, errors.Join(err, listener.Close())
		}
	}
	p.ctx, p.kill = context.WithCancel(context.Background())
	started := make(chan error)
	go p.run(listener, started)
	if err := <-started; err != nil {
		<-p.gone
		return nil, err
	}
	return p, nil
}

// run starts the binary and returns when it has ended. The goroutine keeps its thread, because to
// the kernel the end of the thread that started a child is the end of its parent (see attributes).
func (p *process) run(listener net.Listener, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.gone)
	defer p.throttle.remove()
	api := &http.Server{Handler: p.routes(), ReadHeaderTimeout: 10 * time.Second}
	var serving sync.WaitGroup
	serving.Go(func() { _ = api.Serve(listener) }) // ends when stop closes it
	defer func() {
		p.kill() // ends requests for the next event
		stop(api)
		serving.Wait()
	}()

	cmd := p.command(listener.Addr().String())
	p.mu.Lock()
	p.facts.Spawned = time.Now()
	err := cmd.Start()
	if err == nil {
		p.facts.PID = cmd.Process.Pid
	}
	p.mu.Unlock()
	started <- err
	if err != nil {
		return
	}
	overdue := time.AfterFunc(p.options.InitTimeout, p.checkReady)
	defer overdue.Stop()
	_ = cmd.Wait() // its state says more
	p.ended = cmd.ProcessState
	p.noteEnded()
}

func (p *process) command(api string) *exec.Cmd {
	cmd := exec.CommandContext(p.ctx, p.options.Binary)
	cmd.Dir = filepath.Dir(p.options.Binary)
	cmd.Env = environment(p.options, api)
	cmd.Stdout, cmd.Stderr = p.options.Log, p.options.Log
	cmd.SysProcAttr = attributes()
	cmd.WaitDelay = time.Second // if a child of the function keeps its output open
	return cmd
}

// stop ends the API of a process that has ended. The requests that it still serves end at once.
func stop(api *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if api.Shutdown(ctx) != nil {
		_ = api.Close()
	}
}

// checkReady kills a process that has not asked for its first event.
func (p *process) checkReady() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.isReady() {
		p.late = true
		p.kill()
	}
}

// noteReady records that the process asked for an event. From then on it is throttled, as on
// Lambda.
func (p *process) noteReady() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isReady() || p.throttleError != nil {
		return
	}
	p.facts.Ready = time.Now()
	if p.throttleError = p.throttle.apply(p.facts.PID); p.throttleError != nil {
		p.kill()
		return
	}
	close(p.ready)
}

func (p *process) noteEnded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.facts.Ended = time.Now()
}

func (p *process) isReady() bool { return isClosed(p.ready) }

func (p *process) isGone() bool { return isClosed(p.gone) }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// startError returns why a process that is gone never asked for an event.
func (p *process) startError() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.initError != nil:
		return p.initError
	case p.throttleError != nil:
		return p.throttleError
	case p.late:
		return initTimedOut(p.options)
	}
	return exited(p.options.Name, "", p.ended)
}

func (p *process) describe() Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.facts
}

// errNotTaken says that a process ended before it took an event, which another one may therefore
// have.
var errNotTaken = errors.New("the process ended before it took the event")
