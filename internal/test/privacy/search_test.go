package privacy

import (
	"context"
	"errors"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
	"orders/internal/local/lambda"
	"orders/internal/test/testworld"
)

// A deployment is the functions among servers that accept everything unless they are told to fail.
// When the test ends, all that the functions have logged, traced and returned as errors is searched
// for marks.
type deployment struct {
	*testworld.World
	table  *table
	errors testworld.Buffer // the payloads of function errors

	lines []string // must be in the logs, so that there is something to search
	steps []string // must be in the traces
}

func deploy(t *testing.T) *deployment {
	d := &deployment{table: newTable()}
	d.World = testworld.New(t, testworld.Options{
		TableName: "orders", Table: d.table, Peers: http.HandlerFunc(accept), Bus: http.HandlerFunc(publish),
	})
	t.Cleanup(func() { d.search(t) })
	return d
}

// accept is the response of every peer to every check.
func accept(w http.ResponseWriter, r *http.Request) {
	testworld.Respond(http.StatusOK, map[string]string{"pricing": `{"pricing":1000}`, "validate": `{"ok":true,"message":"valid"}`}[path.Base(r.URL.Path)])(w, r, nil)
}

// publish is the response of EventBridge, with a result for each entry.
func publish(w http.ResponseWriter, r *http.Request) {
	testworld.Respond(http.StatusOK, entryResults(bodyOf(r), `{"EventId":"1"}`))(w, r, nil)
}

// entryResults is PutEvents' response with the same result for every entry.
func entryResults(body, result string) string {
	n := strings.Count(body, `"DetailType"`)
	return `{"FailedEntryCount":0,"Entries":[` + strings.TrimSuffix(strings.Repeat(result+",", n), ",") + `]}`
}

// search ends the functions and searches all that they have written.
func (d *deployment) search(t *testing.T) {
	d.Close(t)
	log, traces := d.Log.String(), d.Traces.String()
	for _, line := range d.lines {
		require.Contains(t, log, line)
	}
	for _, step := range d.steps {
		require.Contains(t, traces, step)
	}
	d.RequireListedCalls(t)
	requireNothingPersonal(t, "logs and metrics", log)
	requireNothingPersonal(t, "traces", traces)
	requireNothingPersonal(t, "error texts", d.errors.String())
	require.NotContains(t, log, "goroutine ", "a panic prints its values")
	require.NotContains(t, d.errors.String(), "Sandbox.", "a function that was killed has written nothing")
}

// The most that an invocation may take. One that fails for good takes all of it, so where there are
// such, many run at once.
const (
	longTimeout  = time.Minute
	shortTimeout = 6 * time.Second
)

func (d *deployment) start(t *testing.T, name string, timeout time.Duration) *lambdaruntime.Function {
	t.Helper()
	return d.Start(t, name, func(o *lambdaruntime.Options) {
		o.Timeout = timeout
		o.Grace = longTimeout // a busy machine may keep a function from responding in time, which is not what is tested
		o.Concurrency = map[time.Duration]int{longTimeout: 4, shortTimeout: 100}[timeout]
	})
}

// invoke runs a function on events, all at once, and returns the response to each; an error is kept
// for the search.
func (d *deployment) invoke(t *testing.T, f *lambdaruntime.Function, events ...any) []string {
	t.Helper()
	responses := make([]string, len(events))
	var running sync.WaitGroup
	for i, event := range events {
		running.Go(func() {
			response, err := f.Invoke(context.WithoutCancel(t.Context()), testworld.Encode(event))
			if failure, ok := errors.AsType[*lambda.FunctionError](err); ok {
				_, _ = d.errors.Write(append(failure.Payload, '\n'))
			} else if err != nil {
				t.Errorf("not invoked: %v", err)
			}
			responses[i] = string(response)
		})
	}
	running.Wait()
	return responses
}
