package peer

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A step is what becomes of one request.
type step struct {
	after  time.Duration
	status int
	body   string
	err    error // instead of an answer
}

func yes(after time.Duration) step { return step{after: after, status: 200, body: `{"ok": true}`} }
func no(after time.Duration) step  { return step{after: after, status: 200, body: `{"ok": false}`} }
func answers(after time.Duration, status int) step {
	return step{after: after, status: status, body: `{"ok": true}`}
}

// A script is a peer that takes one step after the other, and the last for all requests that follow. It returns with the
// request's context, as every RoundTripper here must.
type script struct {
	mu       sync.Mutex
	steps    []step
	requests int
	verdicts []string // the bodies of the answers with status 200 that were given in time
	underWay int
}

func play(steps ...step) *script { return &script{steps: steps} }

func (s *script) next() step {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.underWay++
	s.requests++
	return s.steps[min(s.requests, len(s.steps))-1]
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	step := s.next()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.underWay--
	}()
	r.Body.Close()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-time.After(step.after):
	}
	if step.err != nil {
		return nil, step.err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if step.status == 200 {
		s.verdicts = append(s.verdicts, step.body)
	}
	return &http.Response{StatusCode: step.status, Body: io.NopCloser(strings.NewReader(step.body)), Request: r}, nil
}

// become gives the peer other steps.
func (s *script) become(steps ...step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps, s.requests = steps, 0
}

func (s *script) seen() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// users is the check of a peer that a script plays; retries come at once.
func (s *script) users() Users {
	return NewUsers("http://peer.example", Calls{Transport: s, Random: atOnce})
}
