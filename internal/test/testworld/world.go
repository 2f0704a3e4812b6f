// Package testworld is what the tests of the deployed functions and of the running service share:
// the built functions under Lambda's runtime API, among servers that play the table, the bus and
// the peers; the list of the calls that they may make; events for them; and a local service that
// ends with the test.
package testworld

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
)

// BusName is the name of the event bus of a World.
const BusName = "test-bus"

// A World is what the functions need around them. What they print and trace is complete after
// Close.
type World struct {
	Table, Peers, Bus *Server
	DeadLetters       *Server // the queue of table-update
	TableName         string
	Binaries          string // the folder of the functions' binaries

	Log    Buffer
	Traces Buffer // the datagrams that the X-Ray daemon receives, one a line

	daemon    net.PacketConn
	listening sync.WaitGroup
	functions []*lambdaruntime.Function
}

// Options are the handlers of a World's servers, for requests that do not fail. Every path begins
// with the name of the calling function; after that, paths of Peers go on with DeliveryPricingApi,
// PaymentApi, ProductsApi or UsersApi.
type Options struct {
	TableName         string
	Table, Peers, Bus http.Handler
}

// New makes a World that is closed when the test ends.
func New(t testing.TB, o Options) *World {
	t.Helper()
	w := &World{
		Table: newServer(t, o.Table), Peers: newServer(t, o.Peers), Bus: newServer(t, o.Bus),
		DeadLetters: newServer(t, http.HandlerFunc(acceptMessage)),
		TableName:   o.TableName, Binaries: binaries,
	}
	var err error
	w.daemon, err = net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	w.listening.Go(w.listen)
	t.Cleanup(func() { w.Close(t) })
	return w
}

// acceptMessage is SQS's response to SendMessage.
func acceptMessage(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, `{"MessageId":"1"}`)
}

// lastTrace is a datagram that comes after all datagrams of the functions.
const lastTrace = "the last trace"

func (w *World) listen() {
	datagram := make([]byte, 1<<16)
	for {
		n, _, err := w.daemon.ReadFrom(datagram)
		if err != nil || string(datagram[:n]) == lastTrace {
			return
		}
		_, _ = w.Traces.Write(append(datagram[:n:n], '\n'))
	}
}

// Close ends the functions and collects the rest of what they printed and traced. Closing twice is
// harmless.
func (w *World) Close(t testing.TB) {
	t.Helper()
	for _, f := range w.functions {
		f.Close()
	}
	if w.daemon == nil {
		return
	}
	client, err := net.Dial("udp", w.daemon.LocalAddr().String())
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Write([]byte(lastTrace))
	require.NoError(t, err)
	w.listening.Wait()
	require.NoError(t, w.daemon.Close())
	w.daemon = nil
}

// Start starts a function with the environment that template.yaml gives it, at LOG_LEVEL=DEBUG and
// with tracing on. Its calls are told from those of others by its name in their paths.
func (w *World) Start(t testing.TB, name string, edits ...func(*lambdaruntime.Options)) *lambdaruntime.Function {
	t.Helper()
	options := lambdaruntime.Options{
		Binary:  filepath.Join(w.Binaries, name),
		Env:     w.environment(name),
		Timeout: 30 * time.Second,
		Log:     &w.Log,
	}
	for _, edit := range edits {
		edit(&options)
	}
	f, err := lambdaruntime.Start(t.Context(), options)
	require.NoError(t, err, "%s", &w.Log)
	t.Cleanup(f.Close)
	w.functions = append(w.functions, f)
	return f
}

func (w *World) environment(name string) map[string]string {
	all := map[string]string{"LOG_LEVEL": "DEBUG", "AWS_XRAY_DAEMON_ADDRESS": w.daemon.LocalAddr().String()}
	if name == TableUpdate {
		all["ENVIRONMENT"] = "test"
		all["EVENT_BUS_NAME"] = BusName
		all["DEAD_LETTER_QUEUE_URL"] = w.DeadLetters.FunctionURL(name) + "/dead-letters"
		all["AWS_ENDPOINT_URL_EVENTBRIDGE"] = w.Bus.FunctionURL(name)
		return all
	}
	all["TABLE_NAME"] = w.TableName
	all["AWS_ENDPOINT_URL_DYNAMODB"] = w.Table.FunctionURL(name)
	all["ENVIRONMENT"] = "test"
	if name == CreateOrder {
		for variable, api := range map[string]string{
			"DELIVERY_API_URL": "DeliveryPricingApi", "PAYMENT_API_URL": "PaymentApi",
			"PRODUCTS_API_URL": "ProductsApi", "USERS_API_URL": "UsersApi",
		} {
			all[variable] = w.Peers.FunctionURL(name) + "/" + api
		}
	}
	return all
}

// Encode returns v as JSON; a json.RawMessage stays as it is.
func Encode(v any) json.RawMessage {
	if text, ok := v.(json.RawMessage); ok {
		return text
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // the values of tests always marshal
	}
	return text
}
