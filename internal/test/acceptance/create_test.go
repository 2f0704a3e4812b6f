package acceptance

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// createdOnce orders by direct invocation, and then tries to get more for the same token.
func createdOnce(t *testing.T, s *service) {
	r := s.newRequest(t)
	began := time.Now()
	first := s.order(t, s.user, r)
	took := time.Since(began)
	require.True(t, first.Success, "%s %v", first.Message, first.Errors)
	require.Equal(t, "Order created", first.Message)
	o := first.Order
	require.NoError(t, uuid.Validate(o.OrderID))
	require.Equal(t, []any{s.user, "NEW", r.total(), r["deliveryPrice"], r["paymentToken"]},
		[]any{o.UserID, o.Status, o.Total, o.DeliveryPrice, o.PaymentToken})
	require.Len(t, o.Products, len(s.platform.products))
	require.Equal(t, o.CreatedDate, o.ModifiedDate)
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`, o.CreatedDate)
	s.found("a direct invocation creates an order with the right total, in %v", took.Round(time.Millisecond))

	again := s.order(t, s.user, r)
	require.True(t, again.Success, "%s %v", again.Message, again.Errors)
	require.Equal(t, []string{o.OrderID, o.CreatedDate}, []string{again.Order.OrderID, again.Order.CreatedDate})
	s.found("the same request again is answered with the same order")

	other := s.order(t, uuid.NewString(), r)
	requireRefusal(t, other, "Payment token already used")
	elsewhere := r.clone(t)
	elsewhere["address"].(map[string]any)["city"] = "Elsewhere"
	requireRefusal(t, s.order(t, s.user, elsewhere), "Payment token already used")
	s.found("its payment token buys nothing else, neither for another user nor to another address")
}

// access reads orders with and without credentials.
func access(t *testing.T, s *service) {
	o := s.create(t)
	path := "/backend/" + o.OrderID
	read, _ := s.read(t, o.OrderID)
	require.Equal(t, o.PaymentToken, read.PaymentToken, "services see the whole order")
	s.found("a signed request reads the order, payment token included")

	for name, who := range map[string]signature{"no": nobody, "a wrong": s.strangers} {
		r := s.send(t, http.MethodGet, s.apiURL+path, nil, who)
		require.Equal(t, http.StatusForbidden, r.status, "%s signature: %s", name, r.body)
		require.NotContains(t, string(r.body), o.PaymentToken)
		require.Equal(t, "*", r.header.Get("Access-Control-Allow-Origin"))
	}
	s.found("without a signature, and with a wrong one, the answer is 403")

	missing := s.send(t, http.MethodGet, s.apiURL+"/backend/"+uuid.NewString(), nil, s.services)
	require.Equal(t, http.StatusNotFound, missing.status)
	require.JSONEq(t, `{"message":"Order not found"}`, string(missing.body))
	s.found("an order that does not exist is not found (404)")

	for _, route := range []string{"POST /orders", "GET /orders", "GET /orders/" + o.OrderID} {
		method, path, _ := strings.Cut(route, " ")
		r := s.send(t, method, s.apiURL+path, nil, nobody)
		require.Equal(t, http.StatusUnauthorized, r.status, route)
		require.JSONEq(t, `{"message":"Unauthorized"}`, string(r.body), route)
	}
	s.found("whoever has not signed in cannot use the routes of users (401)")
}
