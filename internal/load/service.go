package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"orders/internal/local"
)

// ServeCommand is the one argument with which a program that calls [Run] is started again, to be
// the service under load: it must then call [Serve].
const ServeCommand = "serve"

// closeTime is how long the service may take to finish what is in flight.
const closeTime = 15 * time.Second

// Serve runs a local service with the settings of cmd/local and writes its URL as one line to
// stdout. It returns when stdin ends, and so with the process that started it, however that ended.
func Serve(ctx context.Context, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	settings, err := local.ReadSettings(getenv)
	if err != nil {
		return err
	}
	service, err := local.Start(ctx, settings, stderr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, service.URL)
	_, _ = io.Copy(io.Discard, stdin) // an error is an end as well
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	return service.Close(ctx)
}

// A service is the service under load, in a process of its own.
type service struct {
	url   string
	cmd   *exec.Cmd
	stdin io.Closer // the service runs as long as it is open
	log   io.Closer
}

// startService starts this very program again as a service with an environment of its own, and
// returns when it listens. The functions' logs go to a file.
func startService(ctx context.Context, environment []string, logFile string) (_ *service, err error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	log, err := os.Create(logFile)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, ServeCommand)
	cmd.Env, cmd.Stderr = environment, log
	cmd.WaitDelay = closeTime
	stdin, errIn := cmd.StdinPipe()
	stdout, errOut := cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the service: %w", err), log.Close())
	}
	s := &service{cmd: cmd, stdin: stdin, log: log}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the service failed to start, see %s", logFile), s.stop())
	}
	s.url = strings.TrimSpace(line)
	return s, nil
}

func (s *service) pid() int { return s.cmd.Process.Pid }

// stop lets the service finish what is in flight, and kills it if that takes too long.
func (s *service) stop() error {
	err := s.stdin.Close()
	overdue := time.AfterFunc(closeTime, func() { _ = s.cmd.Process.Kill() }) // it may just have ended by itself
	defer overdue.Stop()
	if ended := s.cmd.Wait(); ended != nil {
		err = fmt.Errorf("the service ended with %w", ended)
	}
	return errors.Join(err, s.log.Close())
}
