package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"orders/internal/local/apigateway"
	"orders/internal/local/fakepeers"
)

// region is that of everything that is signed here.
const region = "eu-west-1"

// The key that signs requests on this machine.
const (
	accessKey = "local"
	secretKey = "local"
)

// neighbours are the four services that create-order asks, each at an address of its own as on AWS, and each faulty.
type neighbours struct {
	catalogue fakepeers.Catalogue
	payment   *fakepeers.Payment
	peers     map[string]*faulty
	servers   []*server
	urls      map[string]string // by the name of the variable that tells the service
}

func startNeighbours(o odds, m *marks) (*neighbours, error) {
	n := &neighbours{
		catalogue: fakepeers.NewCatalogue(),
		payment:   &fakepeers.Payment{},
		peers:     map[string]*faulty{},
		urls:      map[string]string{},
	}
	signed := apigateway.Verifier{AccessKey: accessKey, SecretKey: secretKey, Region: region, Service: "execute-api"}
	for _, each := range []struct {
		name, variable string
		handler        http.Handler
	}{
		{"delivery", "DELIVERY_API_URL", fakepeers.PricingHandler()},
		{"payment", "PAYMENT_API_URL", n.payment.ValidateHandler()},
		{"products", "PRODUCTS_API_URL", n.catalogue.ValidateHandler()},
		{"users", "USERS_API_URL", fakepeers.UsersHandler()},
	} {
		peer := &faulty{name: each.name, next: signed.Require(each.handler), odds: o, marks: m}
		s, err := startServer(peer)
		if err != nil {
			return nil, errors.Join(err, n.close())
		}
		n.peers[each.name], n.urls[each.variable] = peer, s.url
		n.servers = append(n.servers, s)
	}
	return n, nil
}

// interrupt takes the neighbour of an outage down and brings it back, or returns when ctx ends.
func (n *neighbours) interrupt(ctx context.Context, from, to time.Time) {
	if !sleepUntil(ctx, from) {
		return
	}
	n.peers[downPeer].down.Store(true)
	defer n.peers[downPeer].down.Store(false)
	sleepUntil(ctx, to)
}

// heal ends all faults.
func (n *neighbours) heal() {
	for _, peer := range n.peers {
		peer.healed.Store(true)
	}
}

func (n *neighbours) close() error {
	var errs []error
	for _, s := range n.servers {
		errs = append(errs, s.close())
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

// close cuts short what is under way.
func (s *server) close() error {
	err := s.http.Close()
	if ended := <-s.done; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
