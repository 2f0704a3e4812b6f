package coldstart

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"os"
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
	roots     func() *x509.CertPool
	mu        sync.Mutex
	unused    map[string]connection // by scheme and address
}

type connection struct {
	net.Conn
	since time.Time
}

// newConnections makes a transport use unused connections. It must not have been used yet.
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
	conn, err := c.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(addr)
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.transport.TLSHandshakeTimeout, 10*time.Second))
	defer cancel()
	secured := tls.Client(conn, &tls.Config{ServerName: host, RootCAs: c.roots()})
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secured, nil
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

// loadRoots returns the root certificates of the system's bundle, or nil for crypto/x509's own
// choice. Left to itself, crypto/x509 also reads whole directories, whatever was in the bundle: on
// Amazon Linux they contain the same bundle again, twice, and on Debian each certificate again.
func loadRoots() *x509.CertPool {
	if os.Getenv("SSL_CERT_DIR") != "" {
		return nil
	}
	files := []string{os.Getenv("SSL_CERT_FILE")}
	if files[0] == "" {
		files = []string{"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"} // Amazon Linux, Debian
	}
	for _, file := range files {
		bundle, err := os.ReadFile(file)
		if roots := x509.NewCertPool(); err == nil && roots.AppendCertsFromPEM(bundle) {
			return roots
		}
	}
	return nil
}
