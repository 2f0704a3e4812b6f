package local

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"orders/internal/local/apigateway"
)

// A drain counts the requests in flight and, once closed, rejects new ones. http.Server's own
// shutdown is no alternative, because requests in flight still need the fake peers behind the same
// listener.
//
// A request continues if its client disconnects, as behind API Gateway: Lambda finishes what it has
// begun, and an order may be stored whose client has no response.
type drain struct {
	mu       sync.Mutex
	closed   bool
	inFlight sync.WaitGroup

	life   context.Context
	cancel context.CancelFunc // cancels the requests in flight
}

func newDrain() *drain {
	d := &drain{}
	d.life, d.cancel = context.WithCancel(context.Background())
	return d
}

func (d *drain) track(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.enter() {
			w.Header().Set("Connection", "close")
			apigateway.Respond(w, http.StatusServiceUnavailable, "Service unavailable")
			return
		}
		defer d.inFlight.Done()
		next.ServeHTTP(w, r.WithContext(d.life))
	})
}

func (d *drain) enter() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.inFlight.Add(1)
	}
	return !d.closed
}

// close rejects new requests and waits for those in flight, until ctx ends.
func (d *drain) close(ctx context.Context) error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	empty := make(chan struct{})
	go func() {
		d.wait()
		close(empty)
	}()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("requests in flight were canceled: %w", context.Cause(ctx))
	}
}

// wait waits for the requests in flight of a closed drain.
func (d *drain) wait() { d.inFlight.Wait() }
