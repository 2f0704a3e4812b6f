package load

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A faultKind is what goes wrong with one request to a peer or to the table.
type faultKind string

const (
	noFault     faultKind = ""
	stall       faultKind = "stall"       // the response comes stallTime late
	serverError faultKind = "500"         // the response is a 500
	reset       faultKind = "reset"       // the connection is reset instead of a response
	silence     faultKind = "no response" // until the client gives up
	throttle    faultKind = "throttle"    // the table rejects a write for now
)

const (
	peerDelay = 20 * time.Millisecond // what a peer takes for a response
	stallTime = 3 * time.Second
)

// A faultRate is the share of a dependency's responses that fail in one way.
type faultRate struct {
	kind  faultKind
	share float64
}

// chooseFault returns the fault for a number in [0, 1).
func chooseFault(rates []faultRate, number float64) faultKind {
	for _, r := range rates {
		if number < r.share {
			return r.kind
		}
		number -= r.share
	}
	return noFault
}

// An injector is a peer, or the table, that responds after its delay unless a fault is injected. It
// is safe for concurrent use.
type injector struct {
	name   string
	next   http.Handler
	delay  time.Duration
	rates  []faultRate
	log    *faultLog
	random func() float64 // in [0, 1); nil: math/rand/v2

	silent atomic.Bool // no response to anything
	ended  atomic.Bool // no fault any more
}

func (i *injector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // as long as it is unread, net/http does not notice that the client has gone
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	fault := i.choose(r)
	i.log.add(i.name, fault)
	if !i.wait(r.Context(), fault) {
		return
	}
	switch fault {
	case serverError:
		http.Error(w, `{"message": "Internal server error"}`, http.StatusInternalServerError)
	case throttle:
		const code = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
		http.Error(w, `{"__type": "`+code+`"}`, http.StatusBadRequest)
	case reset:
		resetConnection(w)
	default:
		i.next.ServeHTTP(w, r)
	}
}

func (i *injector) choose(r *http.Request) faultKind {
	random := i.random
	if random == nil {
		random = rand.Float64
	}
	switch {
	case i.ended.Load():
		return noFault
	case i.silent.Load():
		return silence
	}
	fault := chooseFault(i.rates, random())
	if fault == throttle && !isWrite(r) {
		return noFault
	}
	return fault
}

// isWrite reports whether a request to the table is the write that create-order makes.
func isWrite(r *http.Request) bool {
	return strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutItem")
}

// wait waits as long as a response with this fault takes, and reports whether the client is still
// there.
func (i *injector) wait(ctx context.Context, fault faultKind) bool {
	switch fault {
	case silence:
		<-ctx.Done()
		return false
	case stall:
		return sleep(ctx, stallTime)
	}
	return sleep(ctx, i.delay)
}

// resetConnection makes the client see a connection reset, not the orderly end of a plain Close.
func resetConnection(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it, it is an orderly end: just as good a fault
	}
	_ = connection.Close()
}

// An injectedFault is a fault that happened.
type injectedFault struct {
	at    time.Time
	where string // the peer, or the table
	kind  faultKind
}

// A faultLog lists the faults that happened. It is safe for concurrent use.
type faultLog struct {
	mu  sync.Mutex
	all []injectedFault
}

func (l *faultLog) add(where string, kind faultKind) {
	if kind == noFault {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, injectedFault{time.Now(), where, kind})
}

func (l *faultLog) list() []injectedFault {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]injectedFault(nil), l.all...)
}
