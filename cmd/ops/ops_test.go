package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local"
	"orders/internal/test/testworld"
)

// A shell runs the command as an operator does, against a local service.
type shell struct {
	t   *testing.T
	url string
	env map[string]string
}

// newShell starts a local service. Its clients are configured through the environment, so tests
// that use one do not run in parallel.
func newShell(t *testing.T, settings local.Settings) *shell {
	t.Helper()
	url, _ := testworld.StartLocal(t, settings)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": url, "AWS_REGION": testworld.Region, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	return &shell{t, url, map[string]string{"AWS_ENDPOINT_URL": url, "ENVIRONMENT": "local"}}
}

// run runs a command line, with what someone types, and returns its exit code and its output.
func (s *shell) run(input, line string) (code int, stdout, stderr string) {
	s.t.Helper()
	var out, errs bytes.Buffer
	code = run(s.t.Context(), strings.Fields(line), terminal{
		in: strings.NewReader(input), out: &out, err: &errs, getenv: func(name string) string { return s.env[name] }, asks: input != "",
	})
	return code, out.String(), errs.String()
}

// json runs a command that succeeds, and decodes its output.
func (s *shell) json(line string, into any) {
	s.t.Helper()
	code, stdout, stderr := s.run("", line+" --output json")
	require.Equal(s.t, exitDone, code, stderr)
	require.NoError(s.t, json.Unmarshal([]byte(stdout), into), stdout)
}

// order creates an order and returns its ID.
func (s *shell) order() string {
	s.t.Helper()
	token := s.get("/_local/token?sub=11111111-2222-4333-8444-555555555555")
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/orders", strings.NewReader(s.get("/_local/sample-order")))
	require.NoError(s.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	require.Equal(s.t, http.StatusCreated, response.StatusCode)
	return strings.TrimPrefix(response.Header.Get("Location"), "/orders/")
}

func (s *shell) get(path string) string {
	s.t.Helper()
	response, err := http.Get(s.url + path)
	require.NoError(s.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return string(body)
}

func TestUsage(t *testing.T) {
	s := newShell(t, local.Settings{})
	for line, want := range map[string]string{
		"stat":                             `unknown command "stat"`,
		"status extra":                     "unknown command",
		"status --nothing":                 "unknown flag: --nothing",
		"status --output xml":              "--output must be table or json",
		"order":                            "accepts 1 arg(s)",
		"publish":                          "requires at least 1 arg(s)",
		"publish x --as deleted":           "--as must be created or modified",
		"rollback --to 3":                  "--to needs one function",
		"dead-letters list --queue others": "--queue must be updates or records",
		"dead-letters list --max -1":       "--max must be at least 0",
		"dead-letters delete --yes":        "give --queue",
		"publish 11111111-2222-4333-8444-555555555555": "give --yes to confirm",
	} {
		code, stdout, stderr := s.run("", line)
		require.Contains(t, stderr, want, line)
		require.Equal(t, exitUsage, code, line)
		require.Empty(t, stdout, line)
	}
	delete(s.env, "ENVIRONMENT")
	code, _, stderr := s.run("", "status")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "give --environment or set ENVIRONMENT", "there is no default")
	code, _, stderr = s.run("", "status --environment prod")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "/ecommerce/prod/orders/ops")
}

func TestHelpHasAnExampleForEveryCommand(t *testing.T) {
	s := newShell(t, local.Settings{})
	for _, command := range []string{
		"", "status", "dead-letters list", "dead-letters redrive", "dead-letters publish", "dead-letters delete", "order", "publish", "rollback",
	} {
		code, stdout, _ := s.run("", command+" --help")
		require.Equal(t, exitDone, code)
		require.Contains(t, stdout, "Examples:", command)
	}
	code, stdout, _ := s.run("", "completion bash")
	require.Equal(t, exitDone, code)
	require.Contains(t, stdout, "bash completion")
	_, stdout, _ = s.run("", "--version")
	require.NotEmpty(t, strings.TrimSpace(stdout))
}

func TestOrder(t *testing.T) {
	s := newShell(t, local.Settings{LogLevel: -4})
	id := s.order()
	var report struct {
		Status string
		Total  int64
		Log    []struct{ Message string }
	}
	s.json("order "+id, &report)
	require.Equal(t, "NEW", report.Status)
	require.Positive(t, report.Total)
	var messages []string
	for _, l := range report.Log {
		messages = append(messages, l.Message)
	}
	require.Contains(t, messages, "order created")

	code, stdout, _ := s.run("", "order "+id)
	require.Equal(t, exitDone, code)
	require.Contains(t, stdout, "order created")
	require.NotContains(t, stdout, "paymentToken")
	require.NotContains(t, stdout, "streetAddress")

	code, _, stderr := s.run("", "order 11111111-2222-4333-8444-555555555555")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "Order not found")
}

func TestPublish(t *testing.T) {
	s := newShell(t, local.Settings{})
	id := s.order()
	published := func() int { return strings.Count(s.get("/_local/events"), `"OrderModified"`) }

	code, stdout, _ := s.run("", "publish --dry-run "+id)
	require.Equal(t, exitDone, code)
	require.Contains(t, stdout, "would be published as modified")
	code, _, stderr := s.run("n\n", "publish "+id)
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "publish 1 orders as modified in local? [y/N]")
	require.Zero(t, published())

	code, stdout, _ = s.run("y\n", "publish "+id)
	require.Equal(t, exitDone, code)
	require.Contains(t, stdout, "published as modified")
	require.Equal(t, 1, published())

	unknown := "11111111-2222-4333-8444-555555555555"
	code, stdout, _ = s.run("", "publish --yes "+unknown+" "+id)
	require.Equal(t, exitLeft, code)
	require.Contains(t, stdout, "Order not found")
	require.Equal(t, 2, published(), "one that fails does not prevent the others")
}

func TestRollbackKnowsOneVersionLocally(t *testing.T) {
	s := newShell(t, local.Settings{})
	code, _, stderr := s.run("", "rollback --yes")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "there is no older version to roll back to")
	code, stdout, _ := s.run("", "rollback create-order --to 1 --yes")
	require.Equal(t, exitDone, code)
	require.Equal(t, 1, strings.Count(stdout, "\n"), "nothing to move")
}

func TestAgesAreReadable(t *testing.T) {
	require.Empty(t, age(time.Time{}))
	require.Equal(t, "1m30s", age(time.Now().Add(-90*time.Second)))
}
