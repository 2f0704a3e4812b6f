package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	"orders/internal/local/apigateway"
	"orders/internal/local/dynamodb"
	"orders/internal/local/fakepeers"
)

// region is that of all signatures here.
const region = "eu-west-1"

// The key that signs requests on this machine.
const (
	accessKey = "local"
	secretKey = "local"
)

// dependencies are what the service calls: the four peers, each at an address of its own as on AWS,
// and the table if the scenario needs one. A scenario's faults are injected into them.
type dependencies struct {
	catalogue   fakepeers.Catalogue
	payment     *fakepeers.Payment
	injectors   map[string]*injector    // by the dependency's name
	bus         atomic.Pointer[url.URL] // the service's own, once it has started
	log         *faultLog
	environment []string // tells the service where they are
	closers     []func() error
}

// startDependencies starts what a scenario needs. The owner must call close.
func startDependencies(ctx context.Context, s scenario) (*dependencies, error) {
	d := &dependencies{
		catalogue: fakepeers.NewCatalogue(),
		payment:   &fakepeers.Payment{},
		injectors: map[string]*injector{},
		log:       &faultLog{},
	}
	err := d.startPeers(s)
	if err == nil && s.onTable {
		err = d.startTable(ctx, s)
	}
	if err == nil && s.busSlow > 0 {
		err = d.startBus(s)
	}
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *dependencies) startPeers(s scenario) error {
	signed := apigateway.Verifier{AccessKey: accessKey, SecretKey: secretKey, Region: region, Service: "execute-api"}
	for _, each := range []struct {
		name, variable string
		handler        http.Handler
	}{
		{"delivery", "DELIVERY_API_URL", fakepeers.PricingHandler()},
		{"payment", "PAYMENT_API_URL", d.payment.ValidateHandler()},
		{"products", "PRODUCTS_API_URL", d.catalogue.ValidateHandler()},
		{"users", "USERS_API_URL", fakepeers.UsersHandler()},
	} {
		peer := &injector{name: each.name, next: signed.Require(each.handler), delay: peerDelay, rates: s.peers}
		switch {
		case each.name == "payment":
			peer.coldStart = s.coldStart
		case each.name == "products" && s.invalid > 0:
			peer.isInvalid = isInvalid
		}
		if err := d.start(peer, each.variable); err != nil {
			return err
		}
	}
	return nil
}

// startTable starts DynamoDB Local, in memory, with an injector in front of it. Throttled writes
// then meet the service's real adapter, with its own retries.
func (d *dependencies) startTable(ctx context.Context, s scenario) error {
	if err := dynamodb.Available(); err != nil {
		return fmt.Errorf("the table needs DynamoDB Local: %w", err)
	}
	server, err := dynamodb.StartServer(ctx, dynamodb.ServerOptions{})
	if err != nil {
		return err
	}
	d.closers = append(d.closers, server.Close)
	folder, err := os.MkdirTemp("", "load") // for what the service keeps about the table's stream
	if err != nil {
		return err
	}
	d.closers = append(d.closers, func() error { return os.RemoveAll(folder) })
	endpoint, err := url.Parse(server.Endpoint())
	if err != nil {
		return err
	}
	d.environment = append(d.environment, "TABLE=dynamodb", "DATA="+folder)
	forward := d.forward(func() *url.URL { return endpoint })
	table := &injector{name: "table", next: forward, slow: s.tableSlow, rates: s.table, calls: ordersPut}
	return d.start(table, "DYNAMODB_ENDPOINT")
}

// ordersPut returns the order that a request writes, if it is create-order's.
func ordersPut(r *http.Request, body []byte) []string {
	var in struct {
		Item struct{ OrderID struct{ S string } }
	}
	if !isPut(r) || json.Unmarshal(body, &in) != nil {
		return nil
	}
	return []string{in.Item.OrderID.S}
}

// startBus starts an injector in front of the service's own event bus.
func (d *dependencies) startBus(s scenario) error {
	bus := &injector{name: "bus", next: d.forward(d.bus.Load), slow: s.busSlow, calls: ordersPublished}
	return d.start(bus, "EVENTBRIDGE_ENDPOINT")
}

// ordersPublished returns the orders of the entries that a request publishes.
func ordersPublished(_ *http.Request, body []byte) (all []string) {
	var in struct {
		Entries []struct{ Resources []string }
	}
	if json.Unmarshal(body, &in) == nil {
		for _, entry := range in.Entries {
			all = append(all, entry.Resources...)
		}
	}
	return all
}

// forward passes requests on, over connections that are kept until close.
func (d *dependencies) forward(endpoint func() *url.URL) http.Handler {
	transport := &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}
	d.closers = append(d.closers, func() error { transport.CloseIdleConnections(); return nil })
	return &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(endpoint()) },
		Transport: transport,
		ErrorLog:  log.New(io.Discard, "", 0), // a client that gave up is no news
	}
}

// start starts a dependency and adds its URL to the service's environment.
func (d *dependencies) start(i *injector, variable string) error {
	i.log = d.log
	s, err := startServer(i)
	if err != nil {
		return err
	}
	d.injectors[i.name] = i
	d.environment = append(d.environment, variable+"="+s.url)
	d.closers = append(d.closers, s.close)
	return nil
}

// force injects a window's fault into all requests to its peer between two times, or until ctx
// ends.
func (d *dependencies) force(ctx context.Context, w *window, from, to time.Time) {
	if !sleepUntil(ctx, from) {
		return
	}
	d.injectors[w.peer].forced.Store(&w.kind)
	defer d.injectors[w.peer].forced.Store(nil)
	sleepUntil(ctx, to)
}

// endFaults lets everything work from now on.
func (d *dependencies) endFaults() {
	for _, i := range d.injectors {
		i.ended.Store(true)
	}
}

// mostCalls returns the most calls of any dependency for one order.
func (d *dependencies) mostCalls() (most int) {
	for _, i := range d.injectors {
		most = max(most, i.mostCalls())
	}
	return most
}

// close ends the dependencies, the last one first.
func (d *dependencies) close() error {
	var errs []error
	for i := len(d.closers) - 1; i >= 0; i-- {
		errs = append(errs, d.closers[i]())
	}
	return errors.Join(errs...)
}

// A server listens on this machine until it is closed.
type server struct {
	url  string
	http http.Server
	done chan error
}

func startServer(handler http.Handler) (*server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &server{url: "http://" + listener.Addr().String(), http: http.Server{Handler: handler}, done: make(chan error, 1)}
	go func() { s.done <- s.http.Serve(listener) }()
	return s, nil
}

// close cuts off the requests under way.
func (s *server) close() error {
	err := s.http.Close()
	if ended := <-s.done; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
