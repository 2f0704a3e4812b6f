package local

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"orders/internal/local/apigateway"
)

// A drain counts requests that are in flight and, once closed, lets no more in. http.Server's own shutdown would not
// do: requests in flight still need the stand-ins behind the same listener.
//
// What is in flight goes on although its client hangs up, as behind API Gateway: Lambda finishes what it has begun, and
// an order may be stored that nobody was told of. It ends with the drain.
type drain struct {
	mu       sync.Mutex
	closed   bool
	inFlight sync.WaitGroup

	life context.Context
	cut  context.CancelFunc // ends what is in flight
}

func newDrain() *drain {
	d := &drain{}
	d.life, d.cut = context.WithCancel(context.Background())
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

// close lets nothing more in and waits for what is inside, until ctx ends.
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
		return fmt.Errorf("requests in flight were cut short: %w", context.Cause(ctx))
	}
}

// wait returns when nothing is inside any more. It is for a closed drain.
func (d *drain) wait() { d.inFlight.Wait() }
