package coldstart

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"syscall"
	"time"
)

// maxAge is how old a connection may be when it is used for the first time. Under provisioned
// concurrency the first event may come hours after the start. Servers close idle connections after
// some time, API Gateway and DynamoDB after a minute.
const maxAge = 30 * time.Second

// connections are connections to hosts that have not been used yet, one per host. They are made for
// a transport, which dials as before when there is none. They are safe for concurrent use.
type connections struct {
	transport *http.Transport
	dial      func(ctx context.Context, network, addr string) (net.Conn, error)
	roots     func() roots
	mu        sync.Mutex
	unused    map[string]connection // by scheme and address
}

type connection struct {
	net.Conn
	since time.Time
}

// newConnections makes a transport use unused connections, and dialTLS for all others. It must not
// have been used yet.
func newConnections(transport *http.Transport) *connections {
	c := &connections{
		transport: transport,
		dial:      transport.DialContext,
		roots:     sync.OnceValue(loadRoots),
		unused:    map[string]connection{},
	}
	if c.dial == nil {
		c.dial = new(net.Dialer).DialContext
	}
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		return c.connect(ctx, "http", network, addr, c.dial)
	}
	transport.DialTLSContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		return c.connect(ctx, "https", network, addr, c.dialTLS)
	}
	return c
}

// connect returns an unused connection, or a new one.
func (c *connections) connect(
	ctx context.Context, scheme, network, addr string, dial func(ctx context.Context, network, addr string) (net.Conn, error),
) (net.Conn, error) {
	if conn := c.take(scheme + "://" + addr); conn != nil {
		return conn, nil
	}
	return dial(ctx, network, addr)
}

// take returns an unused connection, or nil if there is none that can be relied on.
func (c *connections) take(host string) net.Conn {
	c.mu.Lock()
	conn, ok := c.unused[host]
	delete(c.unused, host)
	c.mu.Unlock()
	if !ok {
		return nil
	}
	if time.Since(conn.since) > maxAge || !isOpen(conn.Conn) {
		conn.Close()
		return nil
	}
	return conn.Conn
}

// dialTLS connects like net/http, which leaves TLS to a transport's DialTLSContext if there is one.
func (c *connections) dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || host == "" { // without a host, any trusted certificate would do
		return nil, fmt.Errorf("connect to %q: no host", addr)
	}
	conn, err := c.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.transport.TLSHandshakeTimeout, 10*time.Second))
	defer cancel()
	secured := tls.Client(conn, c.tlsConfig(host))
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secured, nil
}

// tlsConfig returns a configuration that verifies certificates like the default one, but needs the
// root certificates only when the server has responded: they are read meanwhile.
func (c *connections) tlsConfig(host string) *tls.Config {
	return &tls.Config{
		ServerName:         host,
		InsecureSkipVerify: true, // because VerifyConnection verifies
		VerifyConnection: func(state tls.ConnectionState) error {
			return c.roots().verify(state.PeerCertificates, host)
		},
	}
}

// open makes an unused connection to the host of a URL. If it fails, there is none.
func (c *connections) open(ctx context.Context, u *url.URL) {
	dial, port := c.dial, "80"
	if u.Scheme == "https" {
		dial, port = c.dialTLS, "443"
	}
	addr := net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
	conn, err := dial(ctx, "tcp", addr)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unused[u.Scheme+"://"+addr] = connection{conn, time.Now()}
}

// isOpen reports whether the other side has neither closed a connection nor sent anything. It does
// not wait, and reads nothing. A server that speaks first is about to close.
func isOpen(conn net.Conn) bool {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return true // not a socket: a connection of a test
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	open := false
	err = raw.Read(func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		open = err == syscall.EAGAIN
		return true
	})
	return err == nil && open
}
