package load

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A fault is what goes wrong with one request to a neighbour or to the table.
type fault string

const (
	none     fault = ""
	stall    fault = "stall"    // the answer comes stallTime late
	failure  fault = "500"      // the answer is a 500
	reset    fault = "reset"    // the connection is reset instead of an answer
	down     fault = "down"     // no answer comes at all
	throttle fault = "throttle" // the table refuses a write for now
)

const (
	answerTime = 20 * time.Millisecond // what a neighbour takes for an answer
	stallTime  = 3 * time.Second
)

// odds are the shares of a neighbour's answers that go wrong.
type odds struct{ stall, failure, reset float64 }

// pick is the fault for a number in [0, 1).
func (o odds) pick(number float64) fault {
	for _, each := range []struct {
		fault fault
		share float64
	}{{stall, o.stall}, {failure, o.failure}, {reset, o.reset}} {
		if number < each.share {
			return each.fault
		}
		number -= each.share
	}
	return none
}

// A faulty is a neighbour that answers after answerTime, unless something goes wrong. It is safe for concurrent use.
type faulty struct {
	name   string
	next   http.Handler
	odds   odds
	marks  *marks
	random func() float64 // in [0, 1); nil: math/rand/v2

	down   atomic.Bool
	healed atomic.Bool // nothing goes wrong any more
}

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // as long as it is unread, net/http does not notice that the client has gone
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	met := f.meets()
	f.marks.add(f.name, met)
	if !takes(r.Context(), met) {
		return
	}
	switch met {
	case failure:
		http.Error(w, `{"message": "Internal server error"}`, http.StatusInternalServerError)
	case reset:
		resetConnection(w)
	default:
		f.next.ServeHTTP(w, r)
	}
}

func (f *faulty) meets() fault {
	random := f.random
	if random == nil {
		random = rand.Float64
	}
	switch {
	case f.healed.Load():
		return none
	case f.down.Load():
		return down
	}
	return f.odds.pick(random())
}

// takes waits as long as an answer with this fault does, and tells whether the client is still there.
func takes(ctx context.Context, met fault) bool {
	wait := answerTime
	switch met {
	case down:
		<-ctx.Done()
		return false
	case stall:
		wait = stallTime
	}
	return sleep(ctx, wait)
}

// resetConnection lets the client see a reset, and not the orderly end that a plain Close would be.
func resetConnection(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it, it is an orderly end: just as good a fault
	}
	_ = connection.Close() // nobody is there to be told
}

// A mark is a fault that happened.
type mark struct {
	at    time.Time
	where string // the neighbour, or the table
	fault fault
}

// marks are the faults that happened. They are safe for concurrent use.
type marks struct {
	mu  sync.Mutex
	all []mark
}

func (m *marks) add(where string, met fault) {
	if met == none {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, mark{time.Now(), where, met})
}

func (m *marks) list() []mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]mark(nil), m.all...)
}
