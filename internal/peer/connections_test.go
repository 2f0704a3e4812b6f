package peer

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// serveCounted is serve that counts the connections made.
func serveCounted(t *testing.T, handler http.HandlerFunc) (server *httptest.Server, connections *atomic.Int32) {
	connections = new(atomic.Int32)
	server = httptest.NewUnstartedServer(handler)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server, connections
}

func TestConnectionsAreKept(t *testing.T) {
	calls := callsFor(t, patience)
	for _, s := range subjects() {
		var requests atomic.Int32
		server, connections := serveCounted(t, func(w http.ResponseWriter, r *http.Request) {
			switch requests.Add(1) % 5 { // answers that nobody wants to read must be read all the same
			case 0:
				answering(500, string(make([]byte, 100_000)))(w, r)
			case 1:
				answering(200, "<html>"+string(make([]byte, 100_000)))(w, r)
			default:
				answering(200, s.yes)(w, r)
			}
		})
		checker := s.make(server.URL, calls)
		for range 50 {
			_ = checker.Check(t.Context(), anOrder())
		}
		require.EqualValues(t, 50, requests.Load(), s.name)
		require.EqualValues(t, 1, connections.Load(), s.name)
	}
}

func TestAllChecksAtOnceFromManyGoroutines(t *testing.T) {
	const goroutines = 16
	var servers [4]*httptest.Server
	var connections [4]*atomic.Int32
	for i, s := range subjects() {
		servers[i], connections[i] = serveCounted(t, func(w http.ResponseWriter, r *http.Request) {
			if err := verify(r, keys); err != nil {
				answering(403, err.Error())(w, r)
				return
			}
			answering(200, s.yes)(w, r)
		})
	}
	checkers := New(URLs{servers[0].URL, servers[1].URL, servers[2].URL, servers[3].URL}, callsFor(t, patience))
	var all sync.WaitGroup
	errs := make(chan error, goroutines*10*len(checkers))
	for range goroutines {
		for _, c := range checkers {
			all.Go(func() {
				for range 10 {
					errs <- c.Check(t.Context(), anOrder())
				}
			})
		}
	}
	all.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	for _, made := range connections {
		require.LessOrEqual(t, made.Load(), int32(2*goroutines), "connections are not kept")
	}
}

// A peer may close a kept connection while this service is frozen, which shows only when the next request is sent.
func TestAConnectionThatWasClosedMeanwhileIsReplaced(t *testing.T) {
	for _, s := range subjects() {
		var requests, lost atomic.Int32
		server, connections := serveCounted(t, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			if requests.Add(1) == 2 { // the second request on the first connection
				lost.Add(1)
				panic(http.ErrAbortHandler)
			}
			answering(200, s.yes)(w, r)
		})
		checker := s.make(server.URL, callsFor(t, patience))
		require.NoError(t, checker.Check(t.Context(), anOrder()))
		require.NoError(t, checker.Check(t.Context(), anOrder()), s.name)
		require.EqualValues(t, 1, lost.Load())
		require.EqualValues(t, 2, connections.Load())
	}
}

type closingBody struct {
	io.Reader
	closed bool
}

func (b *closingBody) Close() error { b.closed = true; return nil }

func TestEveryAnswerIsClosed(t *testing.T) {
	for _, s := range subjects() {
		for _, status := range []int{200, 500} {
			for _, content := range []string{s.yes, "<html>", strings.Repeat(" ", 2<<20)} {
				body := &closingBody{Reader: strings.NewReader(content)}
				transport := transportFunc(func(*http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: status, Body: body}, nil
				})
				_ = s.make("http://peer.example", Calls{Transport: transport}).Check(t.Context(), anOrder())
				require.True(t, body.closed)
			}
		}
	}
}
