package privacy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
	"orders/internal/local/lambda"
)

// A world is all that functions need around them. When the test is over, everything that they told is searched.
type world struct {
	table  *table
	peers  *server
	bus    *server
	daemon net.PacketConn // of X-Ray

	lines []string // that must be among what is printed, so that there is something to search
	steps []string // the same of traces

	running   sync.WaitGroup
	functions []*lambdaruntime.Function
	printed   transcript
	traces    transcript
	failures  transcript // what functions answered instead of an answer
}

func newWorld(t *testing.T) *world {
	w := &world{table: newTable(t), peers: newServer(t, agree), bus: newServer(t, accept)}
	var err error
	w.daemon, err = net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	w.running.Go(w.listen)
	t.Cleanup(func() { w.search(t) })
	return w
}

// agree is the answer of every neighbour.
func agree(r *http.Request, _ string) (int, string) {
	return http.StatusOK, map[string]string{"pricing": `{"pricing":1000}`, "validate": `{"ok":true}`}[filepath.Base(r.URL.Path)]
}

// accept is the answer of EventBridge, for as many entries as there were.
func accept(_ *http.Request, body string) (int, string) {
	return http.StatusOK, entryResults(body, `{"EventId":"1"}`)
}

// entryResults is PutEvents' answer that says the same of every entry.
func entryResults(body, result string) string {
	many := strings.Count(body, `"DetailType"`)
	return `{"FailedEntryCount":0,"Entries":[` + strings.TrimSuffix(strings.Repeat(result+",", many), ",") + `]}`
}

// lastTrace is the datagram behind which none of a function's can come.
const lastTrace = "the last trace"

func (w *world) listen() {
	datagram := make([]byte, 1<<16)
	for {
		n, _, err := w.daemon.ReadFrom(datagram)
		if err != nil || string(datagram[:n]) == lastTrace {
			return
		}
		_, _ = w.traces.Write(append(datagram[:n:n], '\n'))
	}
}

// search ends the functions and looks at all that they told.
func (w *world) search(t *testing.T) {
	for _, f := range w.functions {
		f.Close()
	}
	client, err := net.Dial("udp", w.daemon.LocalAddr().String())
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Write([]byte(lastTrace))
	require.NoError(t, err)
	w.running.Wait()
	require.NoError(t, w.daemon.Close())

	printed, traces := w.printed.String(), w.traces.String()
	for _, line := range w.lines {
		require.Contains(t, printed, line)
	}
	for _, step := range w.steps {
		require.Contains(t, traces, step)
	}
	w.requireListedCalls(t)
	requireNothingPersonal(t, "logs and metrics", printed)
	requireNothingPersonal(t, "traces", traces)
	requireNothingPersonal(t, "error texts", w.failures.String())
	require.NotContains(t, printed, "goroutine ", "a panic shows its values")
	require.NotContains(t, w.failures.String(), "Sandbox.", "a function that is killed tells nothing")
}

// start starts a function, with everything on that might tell something. By its name in the URLs its calls are told from
// other functions'.
func (w *world) start(t *testing.T, name string, timeout time.Duration) *lambdaruntime.Function {
	t.Helper()
	f, err := lambdaruntime.Start(t.Context(), lambdaruntime.Options{
		Binary: filepath.Join(os.Getenv(binariesVariable), name),
		Env: map[string]string{
			"LOG_LEVEL": "DEBUG", "ENVIRONMENT": "privacy", "TABLE_NAME": tableName, "EVENT_BUS_NAME": busName,
			"DELIVERY_API_URL": w.peers.URL + "/" + name + "/DeliveryPricingApi", "PAYMENT_API_URL": w.peers.URL + "/" + name + "/PaymentApi",
			"PRODUCTS_API_URL": w.peers.URL + "/" + name + "/ProductsApi", "USERS_API_URL": w.peers.URL + "/" + name + "/UsersApi",
			"AWS_ENDPOINT_URL_DYNAMODB": w.table.URL + "/" + name, "AWS_ENDPOINT_URL_EVENTBRIDGE": w.bus.URL + "/" + name,
			"AWS_XRAY_DAEMON_ADDRESS": w.daemon.LocalAddr().String(),
		},
		Timeout:     timeout,
		Grace:       patience, // a busy machine may keep a function from telling in time: that is not what is tested
		Concurrency: map[time.Duration]int{patience: 4, quick: 100}[timeout],
		Log:         &w.printed,
	})
	require.NoError(t, err, "%s", &w.printed)
	w.functions = append(w.functions, f)
	return f
}

// The most that an invocation may take. One that fails for good takes all of it, and tells of it shortly before: where
// there are such, many are under way at once.
const (
	patience = time.Minute
	quick    = 6 * time.Second
)

// invoke runs a function on events, all at once, and returns what it answered to each; a failure is kept, and answered
// as nothing.
func (w *world) invoke(t *testing.T, f *lambdaruntime.Function, events ...any) []string {
	t.Helper()
	answers := make([]string, len(events))
	var all sync.WaitGroup
	for i, event := range events {
		payload, ok := event.(json.RawMessage)
		if !ok {
			payload = encode(event)
		}
		all.Go(func() {
			answer, err := f.Invoke(context.WithoutCancel(t.Context()), payload)
			if failure, ok := errors.AsType[*lambda.FunctionError](err); ok {
				_, _ = w.failures.Write(append(failure.Payload, '\n'))
			} else if err != nil {
				t.Errorf("not invoked: %v", err)
			}
			answers[i] = string(answer)
		})
	}
	all.Wait()
	return answers
}

func encode(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers only: cannot fail
	}
	return text
}

// transcript is text that comes from several sides.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(text)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}
