package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"orders/internal/order"
)

// peerDelay and tableDelay are how long slow peers and a slow table take.
const (
	peerDelay  = 800 * time.Millisecond
	tableDelay = 500 * time.Millisecond
)

// A faultSwitch is what can be made to fail, and how.
type faultSwitch struct {
	Name  string
	Label string
	Modes []string
}

// faultSwitches are all switches. The names of peers are those of their paths.
var faultSwitches = []faultSwitch{
	{"products", "products", []string{"slow", "5xx", "429", "silent"}},
	{"payment", "payment", []string{"slow", "5xx", "429", "silent"}},
	{"delivery-pricing", "delivery-pricing", []string{"slow", "5xx", "429", "silent"}},
	{"users", "users", []string{"slow", "5xx", "429", "silent"}},
	{"table", "table", []string{"slow", "throttled"}},
	{"bus", "event bus", []string{"denied"}},
}

// Faults are the faults that are on. The zero value has none; it is safe for concurrent use.
type Faults struct {
	mu    sync.Mutex
	modes map[string]string // by name; "" is normal
}

// Set sets the mode of a switch; "" is normal. It reports whether there is such a switch with this
// mode.
func (f *Faults) Set(name, mode string) bool {
	i := slices.IndexFunc(faultSwitches, func(s faultSwitch) bool { return s.Name == name })
	if i < 0 || mode != "" && !slices.Contains(faultSwitches[i].Modes, mode) {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.modes == nil {
		f.modes = map[string]string{}
	}
	f.modes[name] = mode
	return true
}

func (f *Faults) mode(name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.modes[name]
}

// active returns how many faults are on.
func (f *Faults) active() int {
	n := 0
	for _, s := range faultSwitches {
		if f.mode(s.Name) != "" {
			n++
		}
	}
	return n
}

// Peer returns a handler that fails as the peer's switch says, and otherwise passes requests on to
// next.
func (f *Faults) Peer(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch f.mode(name) {
		case "slow":
			if !sleep(r.Context(), peerDelay) {
				return
			}
		case "5xx":
			http.Error(w, `{"message":"Internal server error"}`, http.StatusBadGateway)
			return
		case "429":
			http.Error(w, `{"message":"Too Many Requests"}`, http.StatusTooManyRequests)
			return
		case "silent":
			<-r.Context().Done()
			return
		}
		next.ServeHTTP(w, r)
	})
}

// BusDenied reports whether PutEvents is to be denied.
func (f *Faults) BusDenied() bool { return f.mode("bus") == "denied" }

// Store returns a store that fails as the table's switch says, and otherwise does what next does.
func (f *Faults) Store(next order.Store) order.Store { return faultyStore{next, f} }

type faultyStore struct {
	next   order.Store
	faults *Faults
}

func (s faultyStore) before(ctx context.Context) error {
	switch s.faults.mode("table") {
	case "slow":
		if !sleep(ctx, tableDelay) {
			return order.StoreError(context.Cause(ctx))
		}
	case "throttled":
		return order.StoreError(errors.New("ProvisionedThroughputExceededException"))
	}
	return nil
}

func (s faultyStore) Create(ctx context.Context, o order.Order) (*order.Order, error) {
	if err := s.before(ctx); err != nil {
		return nil, err
	}
	return s.next.Create(ctx, o)
}

func (s faultyStore) Get(ctx context.Context, orderID string) (order.Order, error) {
	if err := s.before(ctx); err != nil {
		return order.Order{}, err
	}
	return s.next.Get(ctx, orderID)
}

func (s faultyStore) List(ctx context.Context, q order.Query) (order.Page, error) {
	if err := s.before(ctx); err != nil {
		return order.Page{}, err
	}
	return s.next.List(ctx, q)
}

func (s faultyStore) Update(ctx context.Context, orderID string, change func(order.Progress) (order.Progress, error)) (bool, error) {
	if err := s.before(ctx); err != nil {
		return false, err
	}
	return s.next.Update(ctx, orderID, change)
}

// sleep waits, and reports whether it could to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// A faultView is a switch with its mode.
type faultView struct {
	faultSwitch
	Mode string
}

func (c *console) serveFaults(w http.ResponseWriter, r *http.Request) {
	var switches []faultView
	for _, s := range faultSwitches {
		switches = append(switches, faultView{s, c.Faults.mode(s.Name)})
	}
	c.render(w, r, "faults", http.StatusOK, "Faults", switches)
}

// setFaults sets one switch, or all of them to normal.
func (c *console) setFaults(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("name")
	if name == "all" {
		for _, s := range faultSwitches {
			c.Faults.Set(s.Name, "")
		}
	} else if !c.Faults.Set(name, r.FormValue("mode")) {
		http.Error(w, "Unknown switch or mode", http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, Path+"faults", http.StatusSeeOther)
}
