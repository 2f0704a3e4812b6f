package eventbus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"orders/internal/order"
	"orders/internal/safehttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var config = aws.Config{
	Region: "eu-west-1",
	Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
	}),
}

// withBus runs f with a fake clock and a publisher whose client reaches b over connections in
// memory. Every backoff is half of the longest.
func withBus(t *testing.T, b *bus, f func(t *testing.T, p *Publisher)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		listener := &pipes{made: make(chan net.Conn), closed: make(chan struct{}), writeDelay: b.writeDelay}
		server := httptest.Server{Listener: listener, Config: &http.Server{Handler: b}}
		server.Start()
		transport := &http.Transport{DialContext: listener.dial, MaxIdleConnsPerHost: 100}
		cfg := config
		cfg.HTTPClient = safehttp.NewClient(transport, 0)
		client := NewClient(cfg, "http://bus.test")
		f(t, &Publisher{Client: client, Bus: "orders-bus", Jitter: func() float64 { return 0.5 }})
		transport.CloseIdleConnections()
		server.Close()
	})
	require.Empty(t, b.violations)
}

// pipes is a listener with connections in memory.
type pipes struct {
	made       chan net.Conn
	once       sync.Once
	closed     chan struct{}
	writeDelay time.Duration
}

// A slowWriter is a connection whose writes arrive before they return.
type slowWriter struct {
	net.Conn
	delay time.Duration
}

func (w slowWriter) Write(data []byte) (int, error) {
	n, err := w.Conn.Write(data)
	time.Sleep(w.delay)
	return n, err
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.made <- server:
		return slowWriter{client, p.writeDelay}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.made:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// event returns the nth event of an order.
func event(orderID string, n int) order.Event {
	return order.Event{OrderID: orderID, Type: order.OrderModified, Detail: fmt.Appendf(nil, `{"n":%d}`, n)}
}

// oneEach returns one event for each of that many orders.
func oneEach(orders int) []order.Event {
	events := make([]order.Event, orders)
	for i := range events {
		events[i] = event(fmt.Sprint("order-", i), 0)
	}
	return events
}

// kinds returns the kinds of errors, "" for nil. Each error must be an [order.Error].
func kinds(t require.TestingT, results []error) []order.Kind {
	found := make([]order.Kind, len(results))
	for i, err := range results {
		if err != nil {
			_, ok := errors.AsType[*order.Error](err)
			require.True(t, ok, "%T", err)
		}
		found[i] = order.KindOf(err)
	}
	return found
}

func allAccepted(t *testing.T, results []error, count int) {
	t.Helper()
	require.Len(t, results, count)
	for _, err := range results {
		require.NoError(t, err)
	}
}
