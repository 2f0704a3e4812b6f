package main

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTour(t *testing.T) {
	t.Parallel()
	if !works(t, "curl") {
		t.Skip("the tour needs curl; TestOrderFromNewToFulfilled takes the same steps without it")
	}
	for _, shell := range []string{"sh", "bash", "zsh"} {
		t.Run(shell, func(t *testing.T) {
			if _, err := exec.LookPath(shell); err != nil {
				t.Skip(shell + " is not installed")
			}
			t.Parallel()
			s := start(t)
			out := s.tour(t, shell)
			require.Contains(t, out, "HTTP/1.1 201 Created")
			require.Regexp(t, `(?s)2\. The same request.*HTTP/1.1 200 OK\n.*Idempotent-Replayed: true\n`, out)
			ids := regexp.MustCompile(`order ([0-9a-f-]{36})`).FindAllStringSubmatch(out, 2)
			require.Len(t, ids, 2)
			require.Equal(t, ids[0][1], ids[1][1])
			require.Contains(t, out, "   FULFILLED\n")
			require.Contains(t, out, "   200, with the payment token\n")
			require.Contains(t, out, "   OrderCreated from ecommerce.orders\n   PackageCreated from ecommerce.warehouse\n")
			require.Contains(t, out, s.url+"/console/orders/"+ids[0][1])
			require.NotContains(t, out, "{", "no whole documents")
		})
	}
}

// tour runs the tour in a shell.
func (s *service) tour(t *testing.T, shell string) (stdout string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, shell, "tour.sh", s.url)
	command.Env = append(os.Environ(), "no_proxy=127.0.0.1", "NO_PROXY=127.0.0.1")
	var complaints strings.Builder
	command.Stderr = &complaints
	out, err := command.Output()
	require.NoError(t, err, "%s", complaints.String())
	require.Empty(t, complaints.String())
	return string(out)
}

// works reports whether the programs are installed and run.
func works(t *testing.T, programs ...string) bool {
	for _, name := range programs {
		if exec.CommandContext(t.Context(), name, "--version").Run() != nil {
			return false
		}
	}
	return true
}
