package testworld

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A Server is something that the functions call: the table, the bus or the peers. It records what
// it is asked for, and can be told to fail. Safe for concurrent use.
type Server struct {
	URL      string
	Requests atomic.Int64
	Open     atomic.Int64 // connections

	handler http.Handler

	mu     sync.Mutex
	next   []Fault          // for the next requests, one each
	always Fault            // for all requests after those; nil means none
	about  map[string]Fault // for all requests whose body contains the text
	calls  []RecordedCall   // each once
	bodies []string
}

// A Fault responds to a request in place of the server.
type Fault func(w http.ResponseWriter, r *http.Request, body []byte)

// newServer starts a server that ends with the test. Its handler sees requests without the name of
// the calling function, which is the first element of their path.
func newServer(t testing.TB, handler http.Handler) *Server {
	t.Helper()
	s := &Server{handler: handler, about: map[string]Fault{}}
	h := httptest.NewUnstartedServer(s)
	h.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.Open.Add(1)
		case http.StateClosed, http.StateHijacked:
			s.Open.Add(-1)
		}
	}
	h.Start()
	t.Cleanup(h.Close)
	s.URL = h.URL
	return s
}

// FunctionURL returns the URL under which a function reaches the server.
func (s *Server) FunctionURL(function string) string { return s.URL + "/" + function }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.Requests.Add(1)
	if fault := s.record(r, string(body)); fault != nil {
		fault(w, r, body)
		return
	}
	s.handler.ServeHTTP(w, r)
}

// record remembers a request and returns the fault that it meets.
func (s *Server) record(r *http.Request, body string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, body)
	if call, signed := recordedCall(r, body); signed && !slices.Contains(s.calls, call) {
		s.calls = append(s.calls, call)
	}
	for text, fault := range s.about {
		if strings.Contains(body, text) {
			return fault
		}
	}
	if len(s.next) == 0 {
		return s.always
	}
	fault := s.next[0]
	s.next = s.next[1:]
	return fault
}

// FailOnce makes the next request fail.
func (s *Server) FailOnce(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = append(s.next, f)
}

// Fail makes all requests fail from now on; nil ends that.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always = f
}

// FailAbout makes the requests fail whose body contains one of the texts, so that many faults can
// be tried at once.
func (s *Server) FailAbout(f Fault, texts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range texts {
		s.about[text] = f
	}
}

// RequestsWith returns how many requests had a text in their body.
func (s *Server) RequestsWith(text string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, body := range s.bodies {
		if strings.Contains(body, text) {
			n++
		}
	}
	return n
}

// Hang sends no response until the client has canceled the request.
func Hang(_ http.ResponseWriter, r *http.Request, _ []byte) { <-r.Context().Done() }

// Reset resets the connection.
func Reset(w http.ResponseWriter, _ *http.Request, _ []byte) {
	if connection, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = connection.(*net.TCPConn).SetLinger(0)
		_ = connection.Close()
	}
}

// Respond returns a fault that sends a status and a body.
func Respond(status int, body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// InternalError is the response of an AWS service with a failure of its own.
var InternalError = Respond(http.StatusInternalServerError, `{"__type":"InternalException","message":"internal error"}`)

// Throttled is the response of an AWS service to a caller that sends too many requests.
var Throttled = Respond(http.StatusBadRequest, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
