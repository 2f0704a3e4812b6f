package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// patientSleep replaces the tour's "sleep 3": it waits for the status that the tour expects by
// then, because three seconds may be too short on a busy machine.
const patientSleep = `sleep() {
	until curl -s "$URL/orders" -H "Authorization: Bearer $TOKEN" | grep -q '"status":"FULFILLED"'; do command sleep 0.05; done
}
`

func TestTour(t *testing.T) {
	t.Parallel()
	if !works(t, "bash", "curl") {
		t.Skip("the tour needs bash and curl; TestOrderFromNewToFulfilled takes the same steps without them")
	}
	s := start(t)
	_, commands, found := strings.Cut(s.stdout.String(), "\n")
	require.True(t, found)
	withAWS := works(t, "aws")
	if !withAWS {
		commands = regexp.MustCompile(`(?m)^AWS_ENDPOINT_URL=.*\\\naws .*\n`).ReplaceAllString(commands, "")
	}
	create := regexp.MustCompile(`(?m)^curl -si .*\n`).FindString(commands)
	require.NotEmpty(t, create)

	out := s.paste(t, patientSleep+commands+create)

	// Headers and bodies come in the order of the commands; aws writes over several lines.
	require.Contains(t, out, "HTTP/1.1 201 Created")
	require.Contains(t, out, "Idempotent-Replayed: true")
	require.Equal(t, withAWS, strings.Contains(out, `"FailedEntryCount": 0`))
	var bodies []string
	for line := range strings.Lines(out) {
		if line = strings.TrimSpace(line); strings.ContainsAny(line[:min(1, len(line))], "{[") && json.Valid([]byte(line)) {
			bodies = append(bodies, line)
		}
	}
	require.Len(t, bodies, 7, "%s", out)
	var created, read, backend, again placed
	var list struct{ Orders []placed }
	var events []event
	var letters []any
	for i, target := range []any{&created, &read, &list, &backend, &events, &letters, &again} {
		require.NoError(t, json.Unmarshal([]byte(bodies[i]), target), "%s", bodies[i])
	}
	s.keepSecret(backend.PaymentToken)
	for _, personal := range []string{"Ada Example", "Example Company", "100 Sample Street", "Seattle", "+1-206-555-0142"} {
		require.Contains(t, bodies[0], personal)
		s.keepSecret(personal)
	}
	require.Equal(t, "NEW", created.Status)
	require.Equal(t, created.OrderID, read.OrderID)
	require.Equal(t, "FULFILLED", list.Orders[0].Status)
	require.Equal(t, created.OrderID, backend.OrderID)
	require.NotEmpty(t, backend.PaymentToken)
	require.Equal(t, []string{"OrderCreated", "PackageCreated"}, typesOf(events[:2]))
	require.Contains(t, typesOf(events), "DeliveryCompleted")
	require.Empty(t, letters)
	require.Equal(t, created.OrderID, again.OrderID)
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

// paste passes commands to a shell.
func (s *service) paste(t *testing.T, commands string) (stdout string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash")
	shell.Env = append(os.Environ(), "URL="+s.url, "no_proxy=127.0.0.1", "NO_PROXY=127.0.0.1")
	shell.Stdin = strings.NewReader(commands)
	var complaints strings.Builder
	shell.Stderr = &complaints
	out, err := shell.Output()
	require.NoError(t, err, "%s", complaints.String())
	require.Empty(t, complaints.String())
	return string(out)
}
