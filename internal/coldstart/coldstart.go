// Package coldstart does before a function's first event what its first invocation would otherwise
// do first: make connections, read the root certificates, run the code once. Lambda throttles a
// function's CPU to the share of its memory size only after it has asked for its first event.
package coldstart

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// limit bounds what a start can be delayed, by a peer that hangs or by anything else.
const limit = 300 * time.Millisecond

// An Example is an event that a handler can handle if everything that it calls gives this response.
type Example struct {
	Event    string // JSON
	Response string // JSON, the body of a 200
}

// Prepare invokes a new handler with an example. The handler must be like the real one but silent,
// and use the transport that newHandler gets. That transport sends nothing: it gives every request
// the example's response, in process. Meanwhile the real transport connects to the host of each
// request, TLS handshake included, and the first requests that are sent to these hosts find the
// connections ready. The hosts receive no request.
//
// From then on, all TLS connections of the transport trust the root certificates of the system's
// bundle, whatever its TLSClientConfig says.
//
// It returns when both are done, after 300 ms at the latest. It reports no failure, not even a
// panic: the first invocation meets the cause. Call it before the transport is used.
func Prepare(ctx context.Context, transport *http.Transport, example Example, newHandler func(http.RoundTripper) (lambda.Handler, error)) {
	ctx, cancel := context.WithCancel(ctx) // without a deadline, of which handlers keep a part for themselves
	defer cancel()
	defer time.AfterFunc(limit, cancel).Stop()
	r := &rehearsal{ctx: ctx, response: example.Response, connections: newConnections(transport), hosts: map[string]bool{}}
	r.connecting.Go(func() { r.connections.roots() })
	defer r.connecting.Wait()
	defer func() { _ = recover() }()
	if h, err := newHandler(r); err == nil {
		_, _ = h.Invoke(ctx, []byte(example.Event))
	}
}

// A rehearsal is the transport with which the handler handles the example.
type rehearsal struct {
	ctx         context.Context // bounds connecting
	response    string
	connections *connections
	connecting  sync.WaitGroup
	mu          sync.Mutex
	hosts       map[string]bool // that were connected to, with their schemes
}

// RoundTrip returns the response, and connects to the request's host if it is the first to it.
func (r *rehearsal) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		defer request.Body.Close()
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return nil, err
		}
	}
	host := request.URL.Scheme + "://" + request.URL.Host
	r.mu.Lock()
	known := r.hosts[host]
	r.hosts[host] = true
	r.mu.Unlock()
	if !known {
		r.connecting.Go(func() { r.connections.open(r.ctx, request.URL) })
	}
	return &http.Response{
		StatusCode:    http.StatusOK,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(strings.NewReader(r.response)),
		ContentLength: int64(len(r.response)),
		Request:       request,
	}, nil
}
