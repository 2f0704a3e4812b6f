package handler_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"orders/internal/memory"
	"orders/internal/order"
)

// A checker returns the error that it is given.
type checker struct {
	mu    sync.Mutex
	err   error
	calls int
}

func (*checker) Peer() string { return "fake" }

func (c *checker) Check(context.Context, order.Order) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	return c.err
}

// A counter adds up what was counted.
type counter struct {
	mu     sync.Mutex
	counts map[string]int64
	failed []bool // of each response, whether it failed
}

func (c *counter) CountResponse(ctx context.Context, orderID string, failed bool, counts map[string]int64) {
	c.Count(ctx, orderID, counts)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = append(c.failed, failed)
}

func (c *counter) Count(_ context.Context, _ string, counts map[string]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int64{}
	}
	for name, n := range counts {
		c.counts[name] += n
	}
}

// A shop is the domain over a memory store, with everything that the handlers log and count to.
type shop struct {
	store   *memory.Store
	checker *checker
	orders  *order.Service
	counter *counter
	ages    ages
	output  *bytes.Buffer // the log
	log     *slog.Logger
}

func newShop() *shop {
	s := &shop{store: &memory.Store{}, checker: &checker{}, counter: &counter{}, output: &bytes.Buffer{}}
	s.orders = &order.Service{Store: s.store, Checkers: []order.Checker{s.checker}}
	s.log = slog.New(slog.NewJSONHandler(s.output, nil))
	return s
}

// failStore makes every operation of the store fail.
func (s *shop) failStore() {
	s.store.Faults = func(memory.Op, string) memory.Fault { return memory.FailBefore }
}

func rejection(kind order.Kind, message string) error {
	return &order.Error{Kind: kind, Message: message, Err: errors.New("cause for operators")}
}

// proxyEvent returns API Gateway's event for a signed-in user; an empty user is not signed in.
func proxyEvent(method, resource, user string, edit ...func(*events.APIGatewayProxyRequest)) []byte {
	r := events.APIGatewayProxyRequest{Resource: resource, Path: resource, HTTPMethod: method}
	if user != "" {
		r.RequestContext.Authorizer = map[string]any{"claims": map[string]any{"sub": user}}
	}
	for _, e := range edit {
		e(&r)
	}
	event, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	return event
}

// A response is a decoded proxy response.
type response struct {
	status  int
	headers map[string]string // without those of every response
	body    map[string]any
	text    string
}

// invoke invokes a handler with a proxy event, and checks what every response has.
func invoke(t *testing.T, h interface {
	Invoke(context.Context, []byte) ([]byte, error)
}, event []byte) response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	out, err := h.Invoke(ctx, event)
	require.NoError(t, err)
	var proxied events.APIGatewayProxyResponse
	require.NoError(t, json.Unmarshal(out, &proxied))
	require.Equal(t, "application/json", proxied.Headers["Content-Type"])
	headers := maps.Clone(proxied.Headers)
	require.Equal(t, "ETag, Idempotent-Replayed, Location, Retry-After", headers["Access-Control-Expose-Headers"])
	for _, name := range []string{"Content-Type", "Access-Control-Allow-Origin", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods", "Access-Control-Expose-Headers"} {
		require.NotEmpty(t, headers[name], name)
		delete(headers, name)
	}
	r := response{status: proxied.StatusCode, headers: headers, text: proxied.Body}
	if r.status == http.StatusNotModified {
		require.Empty(t, r.text)
		return r
	}
	require.NoError(t, json.Unmarshal([]byte(proxied.Body), &r.body), proxied.Body)
	return r
}

func jsonList(values ...any) []any { return values }
