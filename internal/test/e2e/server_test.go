package e2e

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// A server is something that functions call. It counts what comes, and can be told to misbehave.
type server struct {
	URL      string
	requests atomic.Int64
	open     atomic.Int64 // connections

	mu     sync.Mutex
	faults []fault // for the requests that come, one each
	always fault   // for those after that; nil: all goes well
}

// A fault answers a request in place of the server.
type fault func(w http.ResponseWriter, r *http.Request)

func serve(t *testing.T, handler http.Handler) *server {
	s := &server{}
	h := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		if broken := s.nextFault(); broken != nil {
			broken(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	h.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.open.Add(1)
		case http.StateClosed, http.StateHijacked:
			s.open.Add(-1)
		}
	}
	h.Start()
	t.Cleanup(h.Close)
	s.URL = h.URL
	return s
}

func (s *server) nextFault() fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) == 0 {
		return s.always
	}
	next := s.faults[0]
	s.faults = s.faults[1:]
	return next
}

// failOnce lets the next request fail.
func (s *server) failOnce(f fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
}

// fail lets all requests fail; nil mends the server.
func (s *server) fail(f fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always = f
}

// hang answers nothing until the client gives up.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // only then is the client's leaving noticed
	<-r.Context().Done()
}

// reset breaks the connection off.
func reset(w http.ResponseWriter, _ *http.Request) {
	if connection, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = connection.(*net.TCPConn).SetLinger(0)
		_ = connection.Close()
	}
}

// breakDown answers that something broke.
func breakDown(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, `{"__type":"InternalException","message":"out of order"}`, http.StatusInternalServerError)
}

// forward hands everything on to another server.
func forward(t *testing.T, target string) http.Handler {
	to, err := url.Parse(target)
	require.NoError(t, err)
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	return &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport: transport,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { // mostly a client that gave up
			w.WriteHeader(http.StatusBadGateway)
		},
	}
}
