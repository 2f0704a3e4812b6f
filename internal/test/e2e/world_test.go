package e2e

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
	"orders/internal/local/apigateway"
	"orders/internal/local/awsapi"
	"orders/internal/local/eventbridge"
	"orders/internal/local/fakepeers"
)

const busName = "e2e-bus"

// secret begins everything that may appear in no log, trace or error text: what is personal, payment tokens, and the
// functions' own credentials.
const secret = "secret-"

// A world is all that functions need around them. What they print and the traces that they send are read when the
// test ends: nothing secret may be in them.
type world struct {
	binaries string // their folder
	table    string // the name of the orders table
	database *server
	peers    *server
	events   *server // EventBridge's API

	functions []*lambdaruntime.Function // that were started
	bus       *eventbridge.Bus
	payment   *fakepeers.Payment
	catalogue fakepeers.Catalogue
	asked     func(peer string, r *http.Request) // called before a neighbour answers; to be set before a function starts
	printed   transcript
	traces    transcript
}

// newWorld makes a world around the table of an endpoint of DynamoDB's.
func newWorld(t *testing.T, database http.Handler, table string) *world {
	w := &world{
		binaries:  os.Getenv(binariesVariable),
		table:     table,
		bus:       eventbridge.New(eventbridge.Options{Name: busName, Region: lambdaruntime.Region}),
		payment:   &fakepeers.Payment{NewToken: func() string { return secret + uuid.NewString() }},
		catalogue: fakepeers.NewCatalogue(),
		asked:     func(string, *http.Request) {},
	}
	t.Cleanup(func() {
		require.NoError(t, w.bus.Close(context.WithoutCancel(t.Context())))
		require.NotContains(t, w.printed.String(), secret)
		require.NotContains(t, w.traces.String(), secret)
	})
	w.database = serve(t, database)
	w.peers = serve(t, w.neighbours())
	eventBridge := http.NewServeMux()
	(&awsapi.Endpoints{Region: lambdaruntime.Region, Events: entries{w.bus}}).Register(eventBridge)
	w.events = serve(t, eventBridge)
	return w
}

// neighbours takes signed requests only.
func (w *world) neighbours() http.Handler {
	signatures := apigateway.Verifier{
		AccessKey: lambdaruntime.AccessKeyID, SecretKey: lambdaruntime.SecretAccessKey, Region: lambdaruntime.Region, Service: "execute-api",
	}
	mux := http.NewServeMux()
	for name, peer := range map[string]http.Handler{
		"delivery": fakepeers.PricingHandler(),
		"payment":  w.payment.ValidateHandler(),
		"products": w.catalogue.ValidateHandler(),
		"users":    fakepeers.UsersHandler(),
	} {
		answer := http.StripPrefix("/"+name, peer)
		mux.Handle("/"+name+"/", signatures.Require(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			w.asked(name, r)
			answer.ServeHTTP(rw, r)
		})))
	}
	return mux
}

// entries are a bus behind PutEvents.
type entries struct{ *eventbridge.Bus }

// Put is awsapi.Events'.
func (e entries) Put(entry awsapi.Entry) (eventID string, err error) {
	return e.Bus.Put(entry.Bus, entry.Source, entry.DetailType, entry.Resources, entry.Detail, entry.Time)
}

// start starts a function of this world, changed by edit.
func (w *world) start(t *testing.T, name string, edit ...func(*lambdaruntime.Options)) *lambdaruntime.Function {
	t.Helper()
	options := lambdaruntime.Options{
		Binary:  filepath.Join(w.binaries, name),
		Env:     w.environment(t, name),
		Timeout: 30 * time.Second,
		Log:     &w.printed,
	}
	for _, e := range edit {
		e(&options)
	}
	f, err := lambdaruntime.Start(t.Context(), options)
	require.NoError(t, err, "%s", &w.printed)
	t.Cleanup(f.Close)
	w.functions = append(w.functions, f)
	return f
}

// close ends the functions. Only then is all that they printed there to be read.
func (w *world) close() {
	for _, f := range w.functions {
		f.Close()
	}
}

// environment is what the contract gives to each function, and the addresses of this world.
func (w *world) environment(t *testing.T, name string) map[string]string {
	all := map[string]string{"LOG_LEVEL": "DEBUG", "AWS_XRAY_DAEMON_ADDRESS": w.traceDaemon(t)}
	if name == tableUpdate {
		all["EVENT_BUS_NAME"] = busName
		all["AWS_ENDPOINT_URL_EVENTBRIDGE"] = w.events.URL
		return all
	}
	all["TABLE_NAME"] = w.table
	all["AWS_ENDPOINT_URL_DYNAMODB"] = w.database.URL
	if name != getOrder {
		all["ENVIRONMENT"] = "e2e"
	}
	if name == createOrder {
		all["DELIVERY_API_URL"] = w.peers.URL + "/delivery"
		all["PAYMENT_API_URL"] = w.peers.URL + "/payment"
		all["PRODUCTS_API_URL"] = w.peers.URL + "/products"
		all["USERS_API_URL"] = w.peers.URL + "/users"
	}
	return all
}

// traceDaemon takes traces as the X-Ray daemon does, and returns its address.
func (w *world) traceDaemon(t *testing.T) (address string) {
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	var listening sync.WaitGroup
	listening.Go(func() {
		datagram := make([]byte, 1<<16)
		for {
			n, _, err := socket.ReadFrom(datagram)
			if err != nil {
				return
			}
			_, _ = w.traces.Write(datagram[:n]) // into memory: cannot fail
		}
	})
	t.Cleanup(func() {
		_ = socket.Close()
		listening.Wait()
	})
	return socket.LocalAddr().String()
}

// order is a new order that every neighbour agrees to, with an address of secrets.
func (w *world) order() fakepeers.SampleOrder {
	o := fakepeers.NewSampleOrder(w.catalogue, w.payment)
	for _, field := range []*string{
		&o.Address.Name, &o.Address.CompanyName, &o.Address.StreetAddress, &o.Address.PostCode,
		&o.Address.City, &o.Address.State, &o.Address.PhoneNumber,
	} {
		*field = secret + *field
	}
	return o
}
