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

// A faultKind is what goes wrong with one request to a peer, to the table or to the event bus.
type faultKind string

const (
	noFault     faultKind = ""
	stall       faultKind = "stall"       // the response comes stallTime late
	serverError faultKind = "500"         // the response is a 500
	reset       faultKind = "reset"       // the connection is reset instead of a response
	badGateway  faultKind = "502"         // the response is a 502
	rateLimit   faultKind = "429"         // the response is a 429
	cold        faultKind = "cold start"  // the response comes a cold start late
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

// An injector is a dependency that responds after its delay unless a fault is injected. It is safe
// for concurrent use.
type injector struct {
	name      string
	next      http.Handler
	delay     time.Duration
	slow      time.Duration // more delay, as a fault
	rates     []faultRate
	coldStart time.Duration                               // of an environment that handles one request at a time, as on Lambda; 0: always warm
	isInvalid func(body []byte) bool                      // the request gets a 502; nil: none is
	calls     func(r *http.Request, body []byte) []string // the orders that a successful call counts for; nil: none
	log       *faultLog
	random    func() float64 // in [0, 1); nil: math/rand/v2

	forced atomic.Pointer[faultKind] // in place of any other
	ended  atomic.Bool               // no fault any more

	mu     sync.Mutex
	warm   int            // environments that are idle
	counts map[string]int // calls by order
}

func (i *injector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // as long as it is unread, net/http does not notice that the client has gone
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	fault := i.choose(r, body)
	i.log.add(i.name, fault)
	if !i.wait(r.Context(), fault) {
		return
	}
	switch fault {
	case serverError:
		http.Error(w, `{"message": "Internal server error"}`, http.StatusInternalServerError)
	case badGateway:
		http.Error(w, `{"message": "Internal server error"}`, http.StatusBadGateway) // as API Gateway words it
	case rateLimit:
		http.Error(w, `{"message": "Too Many Requests"}`, http.StatusTooManyRequests)
	case throttle:
		const code = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
		http.Error(w, `{"__type": "`+code+`"}`, http.StatusBadRequest)
	case reset:
		resetConnection(w)
	default:
		i.next.ServeHTTP(w, r)
	}
}

// choose returns the fault of a request, and counts the request if it has none.
func (i *injector) choose(r *http.Request, body []byte) faultKind {
	if i.ended.Load() {
		return noFault
	}
	random := i.random
	if random == nil {
		random = rand.Float64
	}
	fault := chooseFault(i.rates, random())
	if fault == throttle && !isPut(r) {
		fault = noFault
	}
	if i.isInvalid != nil && i.isInvalid(body) {
		fault = badGateway
	}
	if forced := i.forced.Load(); forced != nil {
		fault = *forced
	}
	if fault == noFault && i.isCold() {
		fault = cold
	}
	if i.calls != nil {
		i.count(i.calls(r, body))
	}
	return fault
}

// isPut reports whether a request to the table is the write that create-order makes.
func isPut(r *http.Request) bool { return strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutItem") }

func (i *injector) count(orders []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.counts == nil {
		i.counts = map[string]int{}
	}
	for _, id := range orders {
		i.counts[id]++
	}
}

// mostCalls returns how often the dependency was called for the order for which it was called most.
func (i *injector) mostCalls() (most int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, n := range i.counts {
		most = max(most, n)
	}
	return most
}

// isCold reports whether a request finds no idle environment. Then it starts one.
func (i *injector) isCold() bool {
	if i.coldStart == 0 {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.warm > 0 {
		i.warm--
		return false
	}
	return true
}

// release makes an environment idle after a while, whether or not its client has gone.
func (i *injector) release(after time.Duration) {
	time.AfterFunc(after, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.warm++
	})
}

// wait waits as long as a response with this fault takes, and reports whether the client is still
// there.
func (i *injector) wait(ctx context.Context, fault faultKind) bool {
	took := i.delay
	switch fault {
	case silence:
		<-ctx.Done()
		return false
	case stall:
		took = stallTime
	case cold:
		took += i.coldStart
	}
	if !i.ended.Load() {
		took += i.slow
	}
	if i.coldStart > 0 && !i.ended.Load() {
		i.release(took)
	}
	return sleep(ctx, took)
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
	where string // the dependency
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
