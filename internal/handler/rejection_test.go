package handler_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// rejectionOf returns the only line that a handler logs for an event, without its time.
func rejectionOf(t *testing.T, s *shop, event []byte, h interface {
	Invoke(context.Context, []byte) ([]byte, error)
}) map[string]any {
	t.Helper()
	s.output.Reset()
	_, err := h.Invoke(t.Context(), event)
	require.NoError(t, err)
	var line map[string]any
	require.NoError(t, json.Unmarshal(s.output.Bytes(), &line), s.output.String())
	delete(line, "time")
	return line
}

func TestEveryRejectedCreateIsLogged(t *testing.T) {
	const caller = "bb82030d" // of the user "u1"
	o := ordertest.Sample()
	valid, orderID := string(ordertest.Request(o)), o.OrderID
	invalid := strings.NewReplacer(`"quantity":2`, `"quantity":-2`, `"country":"DE"`, `"country":"Germany"`).Replace(valid)
	for name, c := range map[string]struct {
		event []byte
		err   error // of the check
		want  map[string]any
	}{
		"no identity":  {post("", []byte(valid)), nil, map[string]any{"level": "INFO", "reason": "unauthorized", "errors": 0.0}},
		"not JSON":     {post("u1", []byte("nope")), nil, map[string]any{"level": "INFO", "reason": "invalid", "errors": 1.0, "caller": caller}},
		"not base64":   {proxyEvent("POST", "/orders", "u1", func(r *events.APIGatewayProxyRequest) { r.Body, r.IsBase64Encoded = "%", true }), nil, map[string]any{"level": "INFO", "reason": "invalid", "errors": 1.0, "caller": caller}},
		"two errors":   {post("u1", []byte(invalid)), nil, map[string]any{"level": "INFO", "reason": "invalid", "errors": 2.0, "caller": caller}},
		"129 KiB":      {post("u1", make([]byte, 129<<10)), nil, map[string]any{"level": "INFO", "reason": "too_large", "errors": 1.0, "caller": caller}},
		"direct":       {[]byte(directEvent("u1", []byte(invalid))), nil, map[string]any{"level": "INFO", "reason": "invalid", "errors": 2.0, "caller": caller}},
		"no event":     {[]byte(`{}`), nil, map[string]any{"level": "INFO", "reason": "invalid", "errors": 2.0}},
		"no user":      {[]byte(`{"userId":"","order":{}}`), nil, map[string]any{"level": "INFO", "reason": "invalid", "errors": 1.0}},
		"rejected":     {post("u1", []byte(valid)), &order.Error{Kind: order.Rejected, Details: []string{"a", "b"}}, map[string]any{"level": "INFO", "reason": "rejected", "errors": 1.0, "caller": caller, "orderId": orderID}},
		"check failed": {post("u1", []byte(valid)), rejection(order.CheckFailed, "no"), map[string]any{"level": "ERROR", "reason": "check_failed", "errors": 1.0, "caller": caller, "orderId": orderID, "error": "Validation errors: no: cause for operators"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop()
			s.checker.err = c.err
			c.want["msg"] = "order rejected"
			require.Equal(t, c.want, rejectionOf(t, s, c.event, createOrder(s)))
		})
	}
}

func TestEveryRejectedReadIsLogged(t *testing.T) {
	const caller = "bb82030d" // of the user "u1"
	s := newShop()
	o := s.stored(t)
	for name, c := range map[string]struct {
		event []byte
		want  map[string]any
	}{
		"no identity":    {proxyEvent("GET", "/orders", ""), map[string]any{"reason": "unauthorized", "errors": 0.0}},
		"no signature":   {proxyEvent("GET", "/backend/{orderId}", "u1", path(o.OrderID)), map[string]any{"reason": "unauthorized", "errors": 0.0, "caller": caller, "orderId": o.OrderID}},
		"another user's": {proxyEvent("GET", "/orders/{orderId}", "u1", path(o.OrderID)), map[string]any{"reason": "not_found", "errors": 0.0, "caller": caller, "orderId": o.OrderID}},
		"not an ID":      {proxyEvent("GET", "/orders/{orderId}", "u1", path("s3cret")), map[string]any{"reason": "not_found", "errors": 0.0, "caller": caller}},
		"limit":          {proxyEvent("GET", "/orders", "u1", query(map[string]string{"limit": "0"})), map[string]any{"reason": "invalid", "errors": 1.0, "caller": caller}},
		"not an event":   {[]byte(`[]`), map[string]any{"reason": "invalid", "errors": 1.0}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want["msg"], c.want["level"] = "request rejected", "INFO"
			require.Equal(t, c.want, rejectionOf(t, s, c.event, getOrder(s)))
		})
	}
}

// bothEvents returns the two events that create-order accepts, for the same request.
func bothEvents(user string, body []byte) map[string][]byte {
	return map[string][]byte{"API Gateway": post(user, body), "direct": []byte(directEvent(user, body))}
}

// A bareStore fails with an error that has no kind.
type bareStore struct{ order.Store }

func (bareStore) Create(context.Context, order.Order) (*order.Order, error) {
	return nil, errors.New("unexpected")
}

func TestFailedCreatesAreCounted(t *testing.T) {
	for name, breakShop := range map[string]func(*shop){
		"a check that fails":              func(s *shop) { s.checker.err = rejection(order.CheckFailed, "Failure to contact the users service") },
		"a check that fails without kind": func(s *shop) { s.checker.err = errors.New("unexpected") },
		"a table that cannot be written":  func(s *shop) { s.failStore() },
		"a store that fails without kind": func(s *shop) { s.orders.Store = bareStore{s.store} },
		"a table that cannot be read after a rejection": func(s *shop) {
			s.checker.err = rejection(order.Rejected, "Wrong payment token")
			s.failStore()
		},
	} {
		for kind, event := range bothEvents("u", ordertest.Request(ordertest.Sample())) {
			t.Run(name+", "+kind, func(t *testing.T) {
				s := newShop()
				breakShop(s)
				_, err := createOrder(s).Invoke(t.Context(), event)
				require.NoError(t, err, "Lambda counts no error")
				require.Equal(t, map[string]int64{"orderUnavailable": 1}, s.counter.counts)
			})
		}
	}
}

func TestRejectionsAreNotCountedAsUnavailable(t *testing.T) {
	good := string(ordertest.Request(ordertest.Sample()))
	for name, c := range map[string]struct {
		body string
		err  error
	}{
		"wrong shape":    {strings.Replace(good, `"quantity":2`, `"quantity":-2`, 1), nil},
		"too large":      {`"` + strings.Repeat("x", 128<<10) + `"`, nil},
		"wrong total":    {strings.Replace(good, "{", `{"total":1,`, 1), nil},
		"check rejected": {good, rejection(order.Rejected, "Wrong payment token")},
	} {
		for kind, event := range bothEvents("u", []byte(c.body)) {
			t.Run(name+", "+kind, func(t *testing.T) {
				s := newShop()
				s.checker.err = c.err
				_, err := createOrder(s).Invoke(t.Context(), event)
				require.NoError(t, err)
				require.Empty(t, s.counter.counts)
			})
		}
	}
}

func TestRepeatsAndUsedTokensAreNotCountedAsUnavailable(t *testing.T) {
	s, body := newShop(), ordertest.Request(ordertest.Sample())
	for _, user := range []string{"owner", "owner", "thief"} {
		for _, event := range bothEvents(user, body) {
			_, err := createOrder(s).Invoke(t.Context(), event)
			require.NoError(t, err)
		}
	}
	s.checker.err = rejection(order.CheckFailed, "Failure to contact the users service")
	for _, event := range bothEvents("owner", body) { // the order is stored: no peer is needed
		_, err := createOrder(s).Invoke(t.Context(), event)
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, s.counter.counts["orderCreated"])
	require.NotContains(t, s.counter.counts, "orderUnavailable")
}
