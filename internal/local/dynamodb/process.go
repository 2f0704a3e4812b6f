package dynamodb

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
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
	ended   chan struct{} // closed when the command has ended, and its output with it
}

// launch runs a command until it is stopped or this process ends, and returns when it says that it listens. It runs
// in a process group of its own, so that Ctrl-C in a terminal does not take the table from a service that has
// requests to finish. lock, if there is one, stays open for as long as the command runs.
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
	said := transcript{log: log, listening: make(chan struct{})}
	go func() {
		defer close(p.ended)
		said.follow(output)
	}()
	if err := p.await(ctx, &said); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

func (p *process) await(ctx context.Context, said *transcript) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	select {
	case <-said.listening:
		return nil
	case <-p.ended:
		return said.failure()
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
