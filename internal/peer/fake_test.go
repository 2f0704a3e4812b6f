package peer

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"orders/internal/safehttp"
)

const ms = time.Millisecond

// A reply is what a fakePeer does with one request.
type reply struct {
	after  time.Duration
	status int
	body   string
	err    error // instead of a response
}

func accept(after time.Duration) reply { return status(after, http.StatusOK) }

func reject(after time.Duration) reply {
	return reply{after: after, status: http.StatusOK, body: `{"ok": false}`}
}

func status(after time.Duration, code int) reply {
	return reply{after: after, status: code, body: `{"ok": true}`}
}

func malformed(after time.Duration) reply {
	return reply{after: after, status: http.StatusOK, body: "<html>"}
}

// A fakePeer is a users API without a network. It gives one reply after the other, and the last one
// to all requests that follow. It returns with the request's context, as every Options.Transport
// must.
type fakePeer struct {
	mu       sync.Mutex
	replies  []reply
	requests int
	inFlight int
	verdicts []string // the bodies of the responses with status 200
}

func newFakePeer(replies ...reply) *fakePeer { return &fakePeer{replies: replies} }

// set replaces the replies, and starts to count anew.
func (p *fakePeer) set(replies ...reply) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.replies, p.requests, p.verdicts = replies, 0, nil
}

func (p *fakePeer) next() reply {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inFlight++
	p.requests++
	return p.replies[min(p.requests, len(p.replies))-1]
}

func (p *fakePeer) RoundTrip(r *http.Request) (*http.Response, error) {
	reply := p.next()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.inFlight--
	}()
	r.Body.Close()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-time.After(reply.after):
	}
	if reply.err != nil {
		return nil, reply.err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if reply.status == http.StatusOK {
		p.verdicts = append(p.verdicts, reply.body)
	}
	return &http.Response{StatusCode: reply.status, Body: io.NopCloser(strings.NewReader(reply.body)), Request: r}, nil
}

func (p *fakePeer) requestCount() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// users returns a check that sends its requests to the fake, with the shortest backoff.
func (p *fakePeer) users() *check {
	return newCheck(usersContract(), "http://peer.example", Options{Transport: p, Random: shortestBackoff})
}

func shortestBackoff() float64 { return 0 }

// A transportFunc is a transport without a network.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// respondAlways returns a transport that gives every request the same response.
func respondAlways(status int, body string) transportFunc {
	return func(r *http.Request) (*http.Response, error) {
		r.Body.Close()
		return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

// respond is a handler that gives every request the same response.
func respond(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

// respondAfter is a handler that waits, or returns when its client does not.
func respondAfter(d time.Duration, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then does the server notice that the client has gone
		select {
		case <-time.After(d):
			handler(w, r)
		case <-r.Context().Done():
		}
	}
}

// serve starts a server on a real connection.
func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

const never = time.Hour

// optionsFor returns options for servers on real connections, with signed requests, without
// backoff, and without hedges, because these servers are as slow as the machine.
func optionsFor(t *testing.T) Options {
	transport := safehttp.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	return Options{Transport: sign(transport), Hedge: never, Backoff: ms}
}

// A pipeNetwork connects a server and a transport in one synctest bubble: real HTTP on connections
// in memory, so that time is exact.
type pipeNetwork struct {
	dialed      chan net.Conn
	closed      chan struct{}
	connections atomic.Int32 // made so far
}

func (n *pipeNetwork) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case n.dialed <- server:
		n.connections.Add(1)
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *pipeNetwork) Accept() (net.Conn, error) {
	select {
	case conn := <-n.dialed:
		return conn, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *pipeNetwork) Close() error   { close(n.closed); return nil }
func (n *pipeNetwork) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// servePiped serves until the bubble ends, and returns options that send signed requests to the
// server.
func servePiped(t *testing.T, handler http.HandlerFunc) (Options, *pipeNetwork) {
	t.Helper()
	network := &pipeNetwork{dialed: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: handler}
	go server.Serve(network)
	transport := safehttp.NewTransport()
	transport.DialContext = network.dial
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return Options{Transport: sign(transport)}, network
}
