package main

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/test/testworld"
)

// patience bounds every wait.
const patience = 2 * time.Minute

// asProgram is the variable that makes the test binary the program.
const asProgram = "RUN_AS_LOCAL"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	_ = flag.Set("test.parallel", "32") // these tests wait for other processes more than they work
	os.Exit(m.Run())
}

// A service is a running process of the program.
type service struct {
	url            string
	command        *exec.Cmd
	stdout, stderr testworld.Buffer

	ended chan struct{} // closed when the process has ended
	err   error         // nil means exit code 0

	mu      sync.Mutex
	secrets []string
}

// start runs the program on a free port until the end of the test, and then requires a clean end.
// Settings are NAME=value; the test's environment is not passed on.
func start(t *testing.T, settings ...string) *service {
	t.Helper()
	s := &service{command: program(t, settings...), ended: make(chan struct{})}
	s.command.Stdout, s.command.Stderr = &s.stdout, &s.stderr
	require.NoError(t, s.command.Start())
	go func() {
		defer close(s.ended)
		s.err = s.command.Wait()
	}()
	t.Cleanup(func() { s.stop(t) })
	address := regexp.MustCompile(`(?m)^.*listens on (http://127\.0\.0\.1:\d+).*\n`)
	waitFor(t, "the tour", func() bool {
		require.False(t, s.hasEnded(), "%s", s.stderr.String())
		found := address.FindStringSubmatch(s.stdout.String())
		if found != nil {
			s.url = found[1]
		}
		return found != nil
	})
	return s
}

// program returns the program as a command.
func program(t *testing.T, settings ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience) // t.Context ends before cleanups run
	t.Cleanup(cancel)
	binary, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(ctx, binary)
	command.Env = append([]string{asProgram + "=yes", "PORT=0"}, settings...)
	return command
}

// stop ends the process as Ctrl-C does and checks what it wrote.
func (s *service) stop(t *testing.T) {
	if !s.hasEnded() {
		require.NoError(t, s.command.Process.Signal(os.Interrupt))
		require.NoError(t, s.wait())
	}
	stdout, stderr := s.stdout.String(), s.stderr.String()
	for line := range strings.Lines(stderr) {
		requireLogLine(t, line)
	}
	for _, secret := range s.secrets {
		require.NotContains(t, stderr, secret)
		require.NotContains(t, stdout, secret)
	}
	for _, trace := range []string{"goroutine ", "panic"} {
		require.NotContains(t, stderr, trace)
		require.NotContains(t, stdout, trace)
	}
}

func (s *service) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// wait waits for the end of the process and returns its error.
func (s *service) wait() error {
	<-s.ended
	return s.err
}

// requireLogLine requires a log line with the fields that all have, or a metric.
func requireLogLine(t *testing.T, line string) {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(line), &fields), "%s", line)
	require.Equal(t, "orders", fields["service"], "%s", line)
	if _, metric := fields["_aws"]; metric {
		return
	}
	for _, name := range []string{"timestamp", "level", "message"} {
		require.NotEmpty(t, fields[name], "%s in %s", name, line)
	}
}

// keepSecret declares that the process must not write this text.
func (s *service) keepSecret(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = append(s.secrets, text)
}

// waitFor polls a condition.
func waitFor(t *testing.T, what string, arrived func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !arrived(); time.Sleep(10 * time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "timed out waiting for %s", what)
	}
}
