package local

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"orders/internal/local/console"
	"orders/internal/local/eventbridge"
	"orders/internal/local/lambda"
)

// observe returns a handler that records every request with its response. The invocation that it
// causes has the same request ID.
func (s *Service) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, start := uuid.NewString(), time.Now()
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r.WithContext(lambda.ContextWithRequestID(r.Context(), id)))
		request := console.HTTPRequest{
			RequestID: id, Start: start, Duration: time.Since(start), Method: r.Method, Path: r.URL.Path, Status: seen.status,
		}
		s.recorder.HTTPRequest(request)
		if s.terminal != nil {
			s.terminal.request(request, w.Header().Get("Location"))
		}
	})
}

// A statusWriter keeps the status of a response.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// tracesPerSecond bounds how many invocations are traced, so that tracing costs nothing under load.
const tracesPerSecond = 20

// A sampler decides which invocations are traced: the first ones of every second.
type sampler struct {
	mu     sync.Mutex
	second int64
	count  int
}

func (s *sampler) sampled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now().Unix(); now != s.second {
		s.second, s.count = now, 0
	}
	s.count++
	return s.count <= tracesPerSecond
}

// observeEvent records an event on the bus.
func (s *Service) observeEvent(e eventbridge.Event) {
	s.recorder.Event(e)
	if s.terminal != nil {
		s.terminal.event(e.Source, e.DetailType, strings.Join(e.Resources, " "))
	}
}
