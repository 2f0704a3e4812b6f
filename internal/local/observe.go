package local

import (
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"orders/internal/local/console"
	"orders/internal/local/lambda"
)

// observe returns a handler that records every request with its response. The invocation that it
// causes has the same request ID.
func observe(recorder *console.Recorder, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, start := uuid.NewString(), time.Now()
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r.WithContext(lambda.ContextWithRequestID(r.Context(), id)))
		recorder.HTTPRequest(console.HTTPRequest{
			RequestID: id, Start: start, Duration: time.Since(start), Method: r.Method, Path: r.URL.Path, Status: seen.status,
		})
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
