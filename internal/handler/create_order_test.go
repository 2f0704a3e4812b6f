package handler_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

func createOrder(s *shop) *handler.CreateOrder {
	return &handler.CreateOrder{Orders: s.orders, Metrics: s.counter, Log: s.log}
}

func post(user string, body []byte) []byte {
	return proxyEvent("POST", "/orders", user, func(r *events.APIGatewayProxyRequest) { r.Body = string(body) })
}

func TestPostStoresAnOrder(t *testing.T) {
	s, want := newShop(), ordertest.Sample()
	got := invoke(t, createOrder(s), post("user-1", ordertest.Request(want)))
	require.Equal(t, http.StatusCreated, got.status)
	require.Equal(t, map[string]string{"Location": "/orders/" + want.OrderID}, got.headers)
	require.Equal(t, want.OrderID, got.body["orderId"])
	require.Equal(t, "user-1", got.body["userId"])
	require.Equal(t, "NEW", got.body["status"])
	require.EqualValues(t, want.Total, got.body["total"])
	require.Equal(t, got.body["createdDate"], got.body["modifiedDate"])
	require.NotContains(t, got.body, "paymentToken")
	require.Contains(t, got.text, "Mug <large>", "no HTML escaping")

	stored, err := s.store.Get(t.Context(), want.OrderID)
	require.NoError(t, err)
	require.Equal(t, want.PaymentToken, stored.PaymentToken)
	require.Equal(t, map[string]int64{"orderCreated": 1, "orderCreatedTotal": want.Total}, s.counter.counts)
}

func TestRepeatedPostReturnsTheSameOrder(t *testing.T) {
	s, want := newShop(), ordertest.Sample()
	h := createOrder(s)
	first := invoke(t, h, post("user-1", ordertest.Request(want)))
	again := invoke(t, h, post("user-1", ordertest.Request(want)))
	require.Equal(t, http.StatusOK, again.status)
	require.Equal(t, map[string]string{"Idempotent-Replayed": "true"}, again.headers)
	require.Equal(t, first.body, again.body)
	require.EqualValues(t, 1, s.counter.counts["orderCreated"], "a repeat is not counted")

	s.checker.err = rejection(order.Rejected, "Wrong payment token") // spent meanwhile
	require.Equal(t, http.StatusOK, invoke(t, h, post("user-1", ordertest.Request(want))).status)
	other := invoke(t, h, post("user-2", ordertest.Request(want)))
	require.Equal(t, http.StatusConflict, other.status)
	require.Equal(t, map[string]any{"message": "Payment token already used"}, other.body)
}

func TestPostRejections(t *testing.T) {
	good := string(ordertest.Request(ordertest.Sample()))
	for name, c := range map[string]struct {
		user, body string
		err        error
		status     int
		want       map[string]any
	}{
		"no identity": {"", good, nil, 401, map[string]any{"message": "Unauthorized"}},
		"no JSON":     {"u", "nope", nil, 400, map[string]any{"message": "Invalid JSON", "errors": jsonList("The body must be JSON: invalid character 'o' in literal null (expecting 'u') (at byte 2)")}},
		"empty body":  {"u", "", nil, 400, map[string]any{"message": "Invalid JSON", "errors": jsonList("The body must be JSON: unexpected end of JSON input (at byte 0)")}},
		"wrong shape": {"u", `{"products":[],"address":{},"deliveryPrice":0,"paymentToken":"t"}`, nil, 400, nil},
		"129 KiB":     {"u", strings.Repeat(" ", 129<<10), nil, 413, map[string]any{"message": "Request too large"}},
		"wrong total": {"u", strings.Replace(good, "{", `{"total":1,`, 1), nil, 422, nil},
		"check rejected": {"u", good, rejection(order.Rejected, "Wrong payment token"), 422,
			map[string]any{"message": "Validation errors", "errors": jsonList("Wrong payment token")}},
		"check failed": {"u", good, rejection(order.CheckFailed, "Failure to contact the payment service"), 503,
			map[string]any{"message": "Service unavailable", "errors": jsonList("Failure to contact the payment service")}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop()
			s.checker.err = c.err
			got := invoke(t, createOrder(s), post(c.user, []byte(c.body)))
			require.Equal(t, c.status, got.status)
			if c.want != nil {
				require.Equal(t, c.want, got.body)
			}
			if c.status == 503 {
				require.Equal(t, map[string]string{"Retry-After": "1"}, got.headers)
			}
			if c.err == nil {
				require.Zero(t, s.checker.calls, "an invalid request is sent to no peer")
			}
			require.NotContains(t, s.counter.counts, "orderCreated")
			changes, err := s.store.List(t.Context(), order.Query{UserID: "u", Limit: 1})
			require.NoError(t, err)
			require.Empty(t, changes.Orders)
		})
	}
}

func TestPostWhileTheTableFails(t *testing.T) {
	s := newShop()
	s.failStore()
	got := invoke(t, createOrder(s), post("u", ordertest.Request(ordertest.Sample())))
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	require.Equal(t, "1", got.headers["Retry-After"])
	require.Equal(t, "Service unavailable", got.body["message"])
	require.Len(t, got.body["errors"], 1)
	require.Contains(t, s.output.String(), `"level":"ERROR"`)
}

func TestPostAcceptsBase64(t *testing.T) {
	s, want := newShop(), ordertest.Sample()
	encoded := func(body string) []byte {
		return proxyEvent("POST", "/orders", "u", func(r *events.APIGatewayProxyRequest) { r.Body, r.IsBase64Encoded = body, true })
	}
	require.Equal(t, 201, invoke(t, createOrder(s), encoded(base64.StdEncoding.EncodeToString(ordertest.Request(want)))).status)
	require.Equal(t, 400, invoke(t, createOrder(s), encoded("%%%")).status)
	require.Equal(t, 413, invoke(t, createOrder(s), encoded(base64.StdEncoding.EncodeToString(make([]byte, 129<<10)))).status, "decoded bytes count")
	require.Equal(t, 400, invoke(t, createOrder(s), encoded(base64.StdEncoding.EncodeToString(make([]byte, 128<<10)))).status)
}

func invokeDirect(t *testing.T, s *shop, event string) map[string]any {
	t.Helper()
	out, err := createOrder(s).Invoke(t.Context(), []byte(event))
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(out, &got))
	return got
}

func directEvent(user string, body []byte) string {
	return `{"userId":"` + user + `","order":` + string(body) + `}`
}

func TestDirectInvocationStoresAnOrder(t *testing.T) {
	s, want := newShop(), ordertest.Sample()
	for range 2 { // the response to the repeat is the same
		got := invokeDirect(t, s, directEvent("user-1", ordertest.Request(want)))
		require.Equal(t, true, got["success"])
		require.Equal(t, "Order created", got["message"])
		require.NotContains(t, got, "errors")
		o := got["order"].(map[string]any)
		require.Equal(t, want.OrderID, o["orderId"])
		require.Equal(t, "user-1", o["userId"])
		require.Equal(t, string(want.PaymentToken), o["paymentToken"])
		require.Len(t, o["products"], 3)
	}
	require.EqualValues(t, 1, s.counter.counts["orderCreated"])
}

func TestDirectInvocationRejections(t *testing.T) {
	good := ordertest.Request(ordertest.Sample())
	failure := func(message string, errors ...any) map[string]any {
		return map[string]any{"success": false, "message": message, "errors": errors}
	}
	for name, c := range map[string]struct {
		event string
		err   error
		want  map[string]any
	}{
		"empty":          {`{}`, nil, failure("Invalid event", "Missing order in event", "Missing userId in event")},
		"no userId":      {`{"order":{}}`, nil, failure("Invalid event", "Missing userId in event")},
		"no order":       {`{"userId":"u"}`, nil, failure("Invalid event", "Missing order in event")},
		"other case":     {`{"userid":"u","order":{}}`, nil, failure("Invalid event", "Missing userId in event")},
		"null":           {`null`, nil, failure("Invalid event", "event: must be a JSON object")},
		"list":           {`[]`, nil, failure("Invalid event", "event: must be a JSON object")},
		"nothing":        {``, nil, failure("Invalid event", "event: must be a JSON object")},
		"cut off":        {`{"userId":"u","order":{`, nil, failure("Invalid event", "event: must be a JSON object")},
		"two users":      {`{"userId":"u","order":{},"userId":"v"}`, nil, failure("Invalid event", `event: duplicate property "userId"`)},
		"user is number": {`{"userId":7,"order":{}}`, nil, failure("Invalid event", "userId in event must be a string that is not empty")},
		"user is null":   {`{"userId":null,"order":{}}`, nil, failure("Invalid event", "userId in event must be a string that is not empty")},
		"long user":      {directEvent(strings.Repeat("u", 2049), good), nil, failure("Invalid event", "userId in event must be at most 2048 bytes")},
		"order is text":  {`{"userId":"u","order":"x"}`, nil, failure("JSON Schema validation error", ": must be an object")},
		"one error":      {directEvent("u", []byte(strings.Replace(string(good), `"quantity":2`, `"quantity":-2`, 1))), nil, failure("JSON Schema validation error", "/products/0/quantity: must be at least 1")},
		"too large":      {directEvent("u", []byte(`"`+strings.Repeat("x", 131071)+`"`)), nil, failure("Request too large", "The order must be at most 131072 bytes, got 131073")},
		"wrong total":    {directEvent("u", []byte(strings.Replace(string(good), "{", `{"total":1,`, 1))), nil, failure("Validation errors", "Wrong total: got 1, expected 8448")},
		"check rejected": {directEvent("u", good), rejection(order.Rejected, "Unknown user"), failure("Validation errors", "Unknown user")},
		"check failed":   {directEvent("u", good), rejection(order.CheckFailed, "Failure to contact the users service"), failure("Validation errors", "Failure to contact the users service")},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop()
			s.checker.err = c.err
			require.Equal(t, c.want, invokeDirect(t, s, c.event))
			require.NotContains(t, s.counter.counts, "orderCreated")
		})
	}
}

func TestDirectInvocationWithAUsedToken(t *testing.T) {
	s, body := newShop(), ordertest.Request(ordertest.Sample())
	invokeDirect(t, s, directEvent("user-1", body))
	got := invokeDirect(t, s, directEvent("user-2", body))
	require.Equal(t, false, got["success"])
	require.Equal(t, "Payment token already used", got["message"])
	require.Len(t, got["errors"], 1)
}

func TestDirectInvocationWhileTheTableFails(t *testing.T) {
	s := newShop()
	s.failStore()
	got := invokeDirect(t, s, directEvent("u", ordertest.Request(ordertest.Sample())))
	require.Equal(t, false, got["success"])
	require.Equal(t, "Service unavailable", got["message"])
	require.Len(t, got["errors"], 1)
}

func TestLostResponseOfTheTableIsACreation(t *testing.T) {
	s, body := newShop(), ordertest.Request(ordertest.Sample())
	s.store.Faults = func(op memory.Op, _ string) memory.Fault { return memory.LostResponse }
	require.Equal(t, 201, invoke(t, createOrder(s), post("u", body)).status)
	require.EqualValues(t, 1, s.counter.counts["orderCreated"])
}

func TestNoSecretIsLogged(t *testing.T) {
	secret := ordertest.Sample(func(o *order.Order) {
		o.PaymentToken, o.Address.Name, o.Address.StreetAddress, o.Address.PhoneNumber = "s3cret-token", "s3cret-name", "s3cret-street", "s3cret-phone"
	})
	body := ordertest.Request(secret)
	for _, err := range []error{nil, rejection(order.Rejected, "no"), rejection(order.CheckFailed, "no")} {
		s := newShop()
		s.checker.err = err
		invoke(t, createOrder(s), post("u", body))
		invoke(t, createOrder(s), post("other", body))
		invoke(t, createOrder(s), post("u", []byte(strings.Replace(string(body), `"quantity":2`, `"quantity":-2`, 1))))
		s.failStore()
		invoke(t, createOrder(s), post("u", body))
		require.NotEmpty(t, s.output.String())
		require.NotContains(t, s.output.String(), "s3cret")
	}
}

func FuzzCreateOrder(f *testing.F) {
	good := ordertest.Request(ordertest.Sample())
	f.Add([]byte(directEvent("u", good)))
	f.Add(post("u", good))
	f.Add([]byte(`{"userId":"u","userId":"v"}`))
	f.Add([]byte(`{"httpMethod":"POST","body":"{","requestContext":{"authorizer":{"claims":{"sub":"u"}}}}`))
	f.Add([]byte(`{"httpMethod":5}`))
	f.Fuzz(func(t *testing.T, event []byte) {
		out, err := createOrder(newShop()).Invoke(t.Context(), event)
		require.NoError(t, err)
		var got struct {
			Success    *bool
			StatusCode int
		}
		require.NoError(t, json.Unmarshal(out, &got))
		require.True(t, got.Success != nil || got.StatusCode >= 200)
	})
}
