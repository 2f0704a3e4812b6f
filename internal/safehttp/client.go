// Package safehttp is how the service calls peers and AWS over HTTP: connections that are kept,
// requests that are signed, redirects that are not followed, and errors that are redacted.
//
// The texts that net/http and the AWS SDK put into errors may quote a request or a response, and so
// an address or a payment token. Logs, traces and responses must contain neither.
package safehttp

import (
	"io"
	"net"
	"net/http"
	"time"
)

const (
	// connectTimeout bounds each of connecting and the TLS handshake. A connection that is still
	// being made when its request times out is completed, and the next request uses it.
	connectTimeout = 3 * time.Second

	// idleConnections is how many connections to one host are kept: as many as one process has
	// requests in flight. net/http keeps two by default.
	idleConnections = 100
)

// NewTransport returns a transport with connections of its own; its owner closes idle ones with
// CloseIdleConnections.
//
// It uses HTTP/1.1 only: there, every request has a connection to itself, and a hedge does not wait
// behind the request that it hedges. It uses no proxy, whatever the environment says, and limits
// response headers to 64 KiB.
func NewTransport() *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	dialer := net.Dialer{Timeout: connectTimeout, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Protocols:              &protocols,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    connectTimeout,
		MaxIdleConnsPerHost:    idleConnections,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true, // most responses are a few hundred bytes
	}
}

// NewClient returns a client for an AWS SDK client. The timeout bounds one attempt: connecting, the
// request, and reading its response; 0 means none. Redirects are returned as responses, because a
// signature is valid for one host only.
func NewClient(transport http.RoundTripper, timeout time.Duration) *http.Client {
	return &http.Client{
		Transport:     plainBodies{transport},
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// plainBodies hides the WriteTo method of request bodies. The SDK closes a body when the header of
// the response arrives, and after that, WriteTo returns io.EOF. net/http may call it so late, to
// check that nothing follows the body, and takes the error as a failed write: it closes the
// connection in the middle of the response, and a write that was carried out is repeated.
type plainBodies struct{ next http.RoundTripper }

func (b plainBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		plain := *r
		plain.Body = struct{ io.ReadCloser }{r.Body}
		r = &plain
	}
	return b.next.RoundTrip(r)
}

// CloseIdleConnections is for http.Client's method of this name.
func (b plainBodies) CloseIdleConnections() {
	if closer, ok := b.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}
