package coldstart

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A handlerFunc is a handler that sends requests through a transport.
type handlerFunc func(ctx context.Context, transport http.RoundTripper) error

type testHandler struct {
	handle    handlerFunc
	transport http.RoundTripper
}

func (h testHandler) Invoke(ctx context.Context, _ []byte) ([]byte, error) {
	return nil, h.handle(ctx, h.transport)
}

func (f handlerFunc) new(transport http.RoundTripper) (lambda.Handler, error) {
	return testHandler{f, transport}, nil
}

// requests returns a handler that sends requests to all URLs, twice to each.
func requests(t *testing.T, urls ...string) handlerFunc {
	return func(ctx context.Context, transport http.RoundTripper) error {
		for range 2 {
			for _, url := range urls {
				require.Equal(t, "example", send(ctx, t, transport, url))
			}
		}
		return nil
	}
}

// send sends a POST, which net/http does not repeat by itself, and returns the response's body.
func send(ctx context.Context, t *testing.T, transport http.RoundTripper, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("text"))
	require.NoError(t, err)
	response, err := transport.RoundTrip(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}

func prepare(ctx context.Context, transport *http.Transport, handle handlerFunc) {
	Prepare(ctx, transport, Example{Event: "{}", Response: "example"}, handle.new)
}

// A host is a server that knows its connections and requests.
type host struct {
	*httptest.Server
	connections, requests atomic.Int32
}

// requireConnections waits for the server, which learns of a connection later than the client.
func (h *host) requireConnections(t *testing.T, want int32) {
	t.Helper()
	require.Eventually(t, func() bool { return h.connections.Load() >= want }, 10*time.Second, time.Millisecond)
	require.Equal(t, want, h.connections.Load())
}

// startHost starts a server on a real connection, with TLS or without, that is trusted.
func startHost(t *testing.T, secure bool) *host {
	t.Helper()
	h := &host{}
	h.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h.requests.Add(1)
		_, _ = io.WriteString(w, "real")
	}))
	h.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			h.connections.Add(1)
		}
	}
	t.Cleanup(h.Close)
	if !secure {
		h.Start()
		return h
	}
	h.StartTLS()
	file := filepath.Join(t.TempDir(), "ca.pem")
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate().Raw})
	require.NoError(t, os.WriteFile(file, ca, 0o600))
	t.Setenv("SSL_CERT_FILE", file)
	t.Setenv("SSL_CERT_DIR", "")
	return h
}

func newTransport(t *testing.T) *http.Transport {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func eachScheme(t *testing.T, test func(t *testing.T, h *host, transport *http.Transport)) {
	for name, secure := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			h := startHost(t, secure)
			test(t, h, newTransport(t))
		})
	}
}

func TestFirstRequestFindsAConnection(t *testing.T) {
	eachScheme(t, func(t *testing.T, h *host, transport *http.Transport) {
		prepare(t.Context(), transport, requests(t, h.URL+"/a", h.URL+"/b?c"))
		h.requireConnections(t, 1)
		require.Zero(t, h.requests.Load(), "the host receives no request")

		for range 3 {
			require.Equal(t, "real", send(t.Context(), t, transport, h.URL))
		}
		h.requireConnections(t, 1)
		require.EqualValues(t, 3, h.requests.Load())
	})
}

func TestFurtherRequestsConnect(t *testing.T) {
	eachScheme(t, func(t *testing.T, h *host, transport *http.Transport) {
		transport.DisableKeepAlives = true
		prepare(t.Context(), transport, requests(t, h.URL))
		for range 3 {
			require.Equal(t, "real", send(t.Context(), t, transport, h.URL))
		}
		h.requireConnections(t, 3)
	})
}

func TestClosedConnectionCostsNoAttempt(t *testing.T) {
	eachScheme(t, func(t *testing.T, h *host, transport *http.Transport) {
		prepare(t.Context(), transport, requests(t, h.URL))
		h.requireConnections(t, 1)
		h.CloseClientConnections()
		require.Equal(t, "real", send(t.Context(), t, transport, h.URL))
		h.requireConnections(t, 2)
	})
}

func TestUnknownCertificatesAreNotTrusted(t *testing.T) {
	h := startHost(t, true)
	t.Setenv("SSL_CERT_FILE", "")
	h.Config.ErrorLog = nil
	transport := newTransport(t)
	prepare(t.Context(), transport, requests(t, h.URL))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL, nil)
	require.NoError(t, err)
	_, err = transport.RoundTrip(request)
	require.ErrorContains(t, err, "certificate")
}

// pipes connects a transport to a server in one synctest bubble.
type pipes struct {
	made   chan net.Conn
	closed chan struct{}
	dials  atomic.Int32
}

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	p.dials.Add(1)
	client, server := net.Pipe()
	p.made <- server
	return client, nil
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.made:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// Under provisioned concurrency the first event comes long after the start.
func TestOldConnectionIsNotUsed(t *testing.T) {
	for age, dials := range map[time.Duration]int32{0: 1, maxAge: 1, maxAge + 1: 2, time.Hour: 2} {
		synctest.Test(t, func(t *testing.T) {
			network := &pipes{made: make(chan net.Conn), closed: make(chan struct{})}
			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "real") })}
			go server.Serve(network)
			transport := &http.Transport{DialContext: network.dial}
			prepare(t.Context(), transport, requests(t, "http://peer.example"))
			time.Sleep(age)
			require.Equal(t, "real", send(t.Context(), t, transport, "http://peer.example"))
			require.Equal(t, dials, network.dials.Load())
			transport.CloseIdleConnections()
			require.NoError(t, server.Close())
		})
	}
}

func TestPrepareIsBounded(t *testing.T) {
	hangingDial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	silentServer := func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go io.Copy(io.Discard, server) // never responds to the handshake
		return client, nil
	}
	refusingDial := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("connection refused") }
	send := requests(t, "https://a.example", "https://b.example")
	for name, test := range map[string]struct {
		dial   func(context.Context, string, string) (net.Conn, error)
		handle handlerFunc
		took   time.Duration
	}{
		"hosts that refuse":    {refusingDial, send, 0},
		"hosts that are away":  {hangingDial, send, limit},
		"hosts that hang":      {silentServer, send, limit},
		"a handler that hangs": {refusingDial, func(ctx context.Context, _ http.RoundTripper) error { <-ctx.Done(); return ctx.Err() }, limit},
		"a handler that fails": {refusingDial, func(context.Context, http.RoundTripper) error { return errors.New("failed") }, 0},
		"a handler that panics": {hangingDial, func(ctx context.Context, transport http.RoundTripper) error {
			_ = send(ctx, transport)
			panic("unexpected")
		}, limit},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				prepare(t.Context(), &http.Transport{DialContext: test.dial}, test.handle)
				require.Equal(t, test.took, time.Since(start))
			})
		})
	}
	Prepare(t.Context(), &http.Transport{}, Example{}, func(http.RoundTripper) (lambda.Handler, error) { return nil, errors.New("no handler") })
}

// Handlers keep a part of their deadline for the response.
func TestExampleIsInvokedWithoutADeadline(t *testing.T) {
	invoked := false
	prepare(t.Context(), &http.Transport{}, func(ctx context.Context, _ http.RoundTripper) error {
		_, hasDeadline := ctx.Deadline()
		require.False(t, hasDeadline)
		invoked = true
		return nil
	})
	require.True(t, invoked)
}

func TestRequestsAtOnce(t *testing.T) {
	h := startHost(t, false)
	prepare(t.Context(), newTransport(t), func(ctx context.Context, transport http.RoundTripper) error {
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { send(ctx, t, transport, h.URL) })
		}
		all.Wait()
		return nil
	})
	h.requireConnections(t, 1)
}
