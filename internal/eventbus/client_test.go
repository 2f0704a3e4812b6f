package eventbus

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

// start serves h over TCP and counts the connections.
func start(t *testing.T, h http.Handler) (url string, connections *atomic.Int32) {
	t.Helper()
	connections = new(atomic.Int32)
	server := httptest.NewUnstartedServer(h)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, connections
}

// publisherAt returns a publisher as production has it.
func publisherAt(t *testing.T, cfg aws.Config, url string) *Publisher {
	t.Helper()
	client := NewClient(cfg, url)
	t.Cleanup(client.Options().HTTPClient.(*http.Client).CloseIdleConnections)
	return &Publisher{Client: client, Bus: "orders-bus"}
}

func TestConnectionsAreReused(t *testing.T) {
	b := &bus{}
	url, connections := start(t, b)
	p := publisherAt(t, config, url)
	for range 20 {
		allAccepted(t, p.Publish(t.Context(), oneEach(3)), 3)
	}
	require.Empty(t, b.violations)
	require.Less(t, connections.Load(), int32(20), "a connection may be returned to the pool too late")
}

func TestAConnectionResetIsRetried(t *testing.T) {
	b := &bus{}
	var requests atomic.Int32
	url, _ := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) > 2 {
			b.ServeHTTP(w, r)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			conn.(*net.TCPConn).SetLinger(0) // resets instead of closing
			conn.Close()
		}
	}))
	allAccepted(t, publisherAt(t, config, url).Publish(t.Context(), oneEach(12)), 12)
	require.Len(t, b.accepted, 12)
}

func TestTheClientTriesOnce(t *testing.T) {
	b := &bus{fault: always(fault{status: 500, code: "InternalException"})}
	url, _ := start(t, b)
	cfg := config
	cfg.RetryMaxAttempts = 7
	p := publisherAt(t, cfg, url)
	require.Equal(t, transient, p.put(t.Context(), attemptTimeout, oneEach(1))[0].kind)
	require.Len(t, b.requests, 1)
}

func TestTheClientKeepsAPIOptions(t *testing.T) {
	var seen atomic.Int32
	cfg := config
	cfg.APIOptions = []func(*middleware.Stack) error{func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Count", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			seen.Add(1)
			return next.HandleInitialize(ctx, in)
		}), middleware.Before)
	}}
	url, _ := start(t, &bus{})
	allAccepted(t, publisherAt(t, cfg, url).Publish(t.Context(), oneEach(1)), 1)
	require.EqualValues(t, 1, seen.Load())
}

// The bus may respond to the last byte of a request before the client's write of it returns.
func TestAHealthyBusGetsEveryEventOnce(t *testing.T) {
	b := &bus{fault: always(fault{bodyDelay: 2 * time.Millisecond}), writeDelay: time.Millisecond}
	withBus(t, b, func(t *testing.T, p *Publisher) {
		allAccepted(t, p.Publish(t.Context(), []order.Event{ofSize("a", 10_000), ofSize("b", 10_000)}), 2)
	})
	require.Len(t, b.accepted, 2)
	require.Len(t, b.requests, 1)
}

func TestTheClientFollowsNoRedirect(t *testing.T) {
	options := NewClient(config, "").Options()
	client := options.HTTPClient.(*http.Client)
	require.ErrorIs(t, client.CheckRedirect(nil, nil), http.ErrUseLastResponse)
	require.Nil(t, options.BaseEndpoint)
}
