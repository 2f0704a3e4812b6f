package peer

import (
	"net"
	"net/http"
	"time"
)

// NewTransport returns a transport of its own for calls to peers; its owner closes what it keeps by
// CloseIdleConnections. Unlike http.DefaultTransport it keeps as many connections to a peer as were needed at once
// rather than two, goes through no proxy that the environment names, and speaks HTTP/1.1 only: there every request has
// a connection to itself and waits for no other's answer.
func NewTransport() *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	dialer := net.Dialer{Timeout: time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Protocols:              &protocols,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    2 * time.Second,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true, // the answers are a few hundred bytes
	}
}
