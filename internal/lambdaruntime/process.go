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

// A Process is one run of the function's binary. Its times are for measuring cold starts, and to wait for its end.
type Process struct {
	Number   int       // 1 for the function's first, and so on
	PID      int       // the operating system's number for it
	Spawned  time.Time // when it was about to be started
	Asked    time.Time // when it asked for its first event; zero before
	Answered time.Time // when it had given its first answer, right or wrong; zero before
	Ended    time.Time // when it had ended and Options.Log had all that it printed; zero before
}

// A process is a Process that runs, and the runtime API that it talks to: each has one of its own, so that nothing
// of an old process can reach a new one.
type process struct {
	options Options
	ctx     context.Context // ends when the process is killed or has ended
	kill    context.CancelFunc
	work    chan *invocation
	asked   chan struct{}    // closed when it has asked for its first event
	gone    chan struct{}    // closed when it and its API have ended
	ended   *os.ProcessState // to be read when gone is closed

	mu       sync.Mutex
	facts    Process
	late     bool                   // killed for not asking in time
	reported *lambda.FunctionError  // what it said about its failed start
	pending  map[string]*invocation // by request id
}

// spawn starts a process. The error is that of a binary that cannot be run.
func spawn(options Options, number int) (*process, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &process{
		options: options,
		work:    make(chan *invocation),
		asked:   make(chan struct{}),
		gone:    make(chan struct{}),
		facts:   Process{Number: number},
		pending: map[string]*invocation{},
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

// run starts the binary and stays until it has ended. The goroutine keeps its thread, since the kernel takes the end
// of the thread that started a child for the end of its parent (see attributes).
func (p *process) run(listener net.Listener, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.gone)
	api := &http.Server{Handler: p.routes(), ReadHeaderTimeout: 10 * time.Second}
	var serving sync.WaitGroup
	serving.Go(func() { _ = api.Serve(listener) }) // ends when stop closes it
	defer func() {
		p.kill() // lets go of requests for the next event
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
	overdue := time.AfterFunc(p.options.InitTimeout, p.checkAsked)
	defer overdue.Stop()
	_ = cmd.Wait() // its state tells more
	p.ended = cmd.ProcessState
	p.noteEnded()
}

func (p *process) command(api string) *exec.Cmd {
	cmd := exec.CommandContext(p.ctx, p.options.Binary)
	cmd.Dir = filepath.Dir(p.options.Binary)
	cmd.Env = variables(p.options, api)
	cmd.Stdout, cmd.Stderr = p.options.Log, p.options.Log
	cmd.SysProcAttr = attributes()
	cmd.WaitDelay = time.Second // should a child of the function keep its output open
	return cmd
}

// stop ends the API of a process that has ended. What it still serves ends by itself, at once.
func stop(api *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if api.Shutdown(ctx) != nil {
		_ = api.Close()
	}
}

// checkAsked kills a process that has not asked for its first event.
func (p *process) checkAsked() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.hasAsked() {
		p.late = true
		p.kill()
	}
}

// noteAsked takes note that the process asked for an event.
func (p *process) noteAsked() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.hasAsked() {
		p.facts.Asked = time.Now()
		close(p.asked)
	}
}

func (p *process) noteEnded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.facts.Ended = time.Now()
}

func (p *process) hasAsked() bool { return isClosed(p.asked) }

func (p *process) isGone() bool { return isClosed(p.gone) }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// initFailure tells why a process that is gone never asked for an event.
func (p *process) initFailure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.reported != nil:
		return p.reported
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

// errNotTaken says that a process ended before it took an event, which therefore another may have.
var errNotTaken = errors.New("the process ended before it took the event")
