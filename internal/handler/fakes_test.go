package handler_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"orders/internal/memory"
	"orders/internal/order"
)

// checker is a neighbour that says what it is told to.
type checker struct {
	mu    sync.Mutex
	says  error
	asked int
}

func (c *checker) Check(context.Context, order.Order) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	return c.says
}

// counter remembers what was counted.
type counter struct {
	mu     sync.Mutex
	counts map[string]int64
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

// shop is the domain over a memory store, with all that the handlers report to.
type shop struct {
	store   *memory.Store
	checker *checker
	orders  *order.Service
	counter *counter
	output  *bytes.Buffer // the log
	log     *slog.Logger
}

func newShop() *shop {
	s := &shop{store: &memory.Store{}, checker: &checker{}, counter: &counter{}, output: &bytes.Buffer{}}
	s.orders = &order.Service{Store: s.store, Checkers: []order.Checker{s.checker}}
	s.log = slog.New(slog.NewJSONHandler(s.output, nil))
	return s
}

// failing makes every operation of the store fail.
func (s *shop) failing() {
	s.store.Faults = func(memory.Op, string) memory.Fault { return memory.FailBefore }
}

func refusal(kind order.Kind, message string) error {
	return &order.Error{Kind: kind, Message: message, Err: errors.New("cause for operators")}
}

// proxied is API Gateway's event for a signed-in user.
func proxied(method, resource, user string, edit ...func(*events.APIGatewayProxyRequest)) []byte {
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

// answer is an HTTP answer taken apart.
type answer struct {
	status  int
	headers map[string]string // without those that every answer has
	body    map[string]any
	text    string
}

// ask invokes a handler behind API Gateway, and checks what every answer has.
func ask(t *testing.T, h interface {
	Invoke(context.Context, []byte) ([]byte, error)
}, event []byte) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	out, err := h.Invoke(ctx, event)
	require.NoError(t, err)
	var response events.APIGatewayProxyResponse
	require.NoError(t, json.Unmarshal(out, &response))
	require.Equal(t, "application/json", response.Headers["Content-Type"])
	headers := maps.Clone(response.Headers)
	for _, name := range []string{"Content-Type", "Access-Control-Allow-Origin", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods"} {
		require.NotEmpty(t, headers[name], name)
		delete(headers, name)
	}
	a := answer{status: response.StatusCode, headers: headers, text: response.Body}
	require.NoError(t, json.Unmarshal([]byte(response.Body), &a.body), response.Body)
	return a
}

func list(values ...any) []any { return values }
