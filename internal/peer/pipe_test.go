package peer

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"orders/internal/safehttp"
)

// A pipeNetwork joins a server to the transport that calls it, both in one synctest bubble: HTTP as it is, on
// connections without a machine below, so that time is exact.
type pipeNetwork struct {
	dialled     chan net.Conn
	closed      chan struct{}
	connections atomic.Int32 // made so far
}

func (n *pipeNetwork) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case n.dialled <- theirs:
		n.connections.Add(1)
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *pipeNetwork) Accept() (net.Conn, error) {
	select {
	case conn := <-n.dialled:
		return conn, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *pipeNetwork) Close() error   { close(n.closed); return nil }
func (n *pipeNetwork) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// servePiped serves until the bubble ends, to calls that sign.
func servePiped(t *testing.T, handler http.HandlerFunc) (Calls, *pipeNetwork) {
	t.Helper()
	network := &pipeNetwork{dialled: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: handler}
	go server.Serve(network)
	transport := safehttp.NewTransport()
	transport.DialContext = network.dial
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return Calls{Transport: safehttp.Sign(transport, staticKeys(keys), region)}, network
}

// taking is a handler that takes its time, or stops when its caller does not wait.
func taking(d time.Duration, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then does the server notice that the client has gone
		select {
		case <-time.After(d):
			handler(w, r)
		case <-r.Context().Done():
		}
	}
}
