package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
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
	injectors   map[string]*injector // by the dependency's name
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
	return d.start(&injector{name: "table", next: d.forward(endpoint), rates: s.table}, "DYNAMODB_ENDPOINT")
}

// forward passes requests on, over connections that are kept until close.
func (d *dependencies) forward(endpoint *url.URL) http.Handler {
	transport := &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}
	d.closers = append(d.closers, func() error { transport.CloseIdleConnections(); return nil })
	return &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(endpoint) },
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

// silencePeer keeps one peer from responding between two times, or until ctx ends.
func (d *dependencies) silencePeer(ctx context.Context, from, to time.Time) {
	if !sleepUntil(ctx, from) {
		return
	}
	d.injectors[silentPeer].silent.Store(true)
	defer d.injectors[silentPeer].silent.Store(false)
	sleepUntil(ctx, to)
}

// endFaults lets everything work from now on.
func (d *dependencies) endFaults() {
	for _, i := range d.injectors {
		i.ended.Store(true)
	}
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
