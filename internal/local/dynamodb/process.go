package dynamodb

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const startTimeout = time.Minute

// watch is a shell script that lets a command run for as long as this process lives.
//
//go:embed watch.sh
var watch string

// A process is a watched command.
type process struct {
	command *exec.Cmd
	hold    io.Closer     // closing it ends the command
	ended   chan struct{} // closed when the command and its output have ended
}

// launch runs a command until it is stopped or this process ends, and returns when its output says
// that it listens. The command has a process group of its own, so that Ctrl-C in a terminal does
// not take the table from a service that has requests to finish. lock, if not nil, stays open for
// as long as the command runs.
func launch(ctx context.Context, arguments []string, lock *os.File, log io.Writer) (*process, error) {
	command := exec.Command("/bin/sh", append([]string{"-c", watch, "sh"}, arguments...)...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if lock != nil {
		command.ExtraFiles = []*os.File{lock}
	}
	hold, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{command, hold, make(chan struct{})}
	printed := transcript{log: log, listening: make(chan struct{})}
	go func() {
		defer close(p.ended)
		printed.read(output)
	}()
	if err := p.await(ctx, &printed); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

func (p *process) await(ctx context.Context, printed *transcript) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	select {
	case <-printed.listening:
		return nil
	case <-p.ended:
		return printed.failure()
	case <-ctx.Done():
		return fmt.Errorf("it does not listen yet: %w", ctx.Err())
	}
}

// stop returns when the command has ended.
func (p *process) stop() error {
	_ = p.hold.Close() // a pipe: there is nothing to flush
	<-p.ended
	return p.command.Wait()
}

const (
	saysListening = "Server: Started"
	saysPortTaken = "Address already in use"

	maxTranscript = 4000 // bytes
)

var errPortTaken = errors.New("the port is taken")

// A transcript reads a server's output, and keeps the beginning. Only the output proves that the
// server listens: a port that answers may be another server's.
type transcript struct {
	log       io.Writer     // receives all of the output; may be nil
	listening chan struct{} // closed when the output says that the server listens

	text      strings.Builder
	started   bool
	portTaken bool
}

// read reads the output to its end.
func (t *transcript) read(output io.Reader) {
	for lines := bufio.NewReader(output); ; {
		line, err := lines.ReadString('\n')
		t.add(line)
		if err != nil {
			return
		}
	}
}

func (t *transcript) add(line string) {
	if t.log != nil {
		_, _ = io.WriteString(t.log, line)
	}
	if t.text.Len() < maxTranscript {
		t.text.WriteString(line)
	}
	t.portTaken = t.portTaken || strings.Contains(line, saysPortTaken)
	if !t.started && strings.Contains(line, saysListening) {
		t.started = true
		close(t.listening)
	}
}

// failure returns why the server has ended.
func (t *transcript) failure() error {
	if t.portTaken {
		return errPortTaken
	}
	return fmt.Errorf("it ended:\n%s", t.text.String())
}
