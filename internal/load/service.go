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
)

// A service is the service under load, in a process of its own.
type service struct {
	url   string
	cmd   *exec.Cmd
	stdin io.Closer // as long as it is open, the service runs
	log   io.Closer
}

// startService starts this very program again as a service with an environment of its own, and returns when it
// listens. The functions' logs go to a file.
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
		return nil, errors.Join(fmt.Errorf("the service did not start, see %s", logFile), s.stop())
	}
	s.url = strings.TrimSpace(line)
	return s, nil
}

func (s *service) pid() int { return s.cmd.Process.Pid }

// stop lets the service finish what is in flight, and ends it in any case.
func (s *service) stop() error {
	err := s.stdin.Close()
	late := time.AfterFunc(closeTime, func() { _ = s.cmd.Process.Kill() }) // it may just have ended by itself
	defer late.Stop()
	if ended := s.cmd.Wait(); ended != nil {
		err = fmt.Errorf("the service ended with %w", ended)
	}
	return errors.Join(err, s.log.Close())
}
