// Package safehttp is how the service calls peers and AWS over HTTP: connections that are kept, requests that are
// signed, redirects that are not followed, and errors that are redacted.
//
// The texts that net/http and the AWS SDK put into errors may quote a request or a response, and so an address or a
// payment token. Logs, traces and responses must contain neither.
package safehttp

import (
	"net"
	"net/http"
	"time"
)

const (
	// connectTimeout bounds each of connecting and the TLS handshake. A connection that is still being made when its
	// request times out is completed, and the next request uses it.
	connectTimeout = 3 * time.Second

	// idleConnections is how many connections to one host are kept: as many as one process has requests in flight.
	// net/http keeps two by default.
	idleConnections = 100
)

// NewTransport returns a transport with connections of its own; its owner closes idle ones with CloseIdleConnections.
//
// It uses HTTP/1.1 only: there, every request has a connection to itself, and a hedge does not wait behind the request
// that it hedges. It uses no proxy, whatever the environment says, and limits response headers to 64 KiB.
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

// NewClient returns a client for an AWS SDK client. The timeout bounds one attempt: connecting, the request, and
// reading its response; 0 means none. Redirects are returned as responses, because a signature is valid for one host
// only.
func NewClient(transport http.RoundTripper, timeout time.Duration) *http.Client {
	return &http.Client{
		Transport:     transport,
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
