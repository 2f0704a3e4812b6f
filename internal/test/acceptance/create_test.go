package acceptance

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// createdOnce creates an order by direct invocation, and then sends its payment token again.
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
	s.passed("a direct invocation creates an order with the correct total, in %v", took.Round(time.Millisecond))

	again := s.order(t, s.user, r)
	require.True(t, again.Success, "%s %v", again.Message, again.Errors)
	require.Equal(t, []string{o.OrderID, o.CreatedDate}, []string{again.Order.OrderID, again.Order.CreatedDate})
	s.passed("a repeat of the request returns the same order")

	other := s.order(t, uuid.NewString(), r)
	requireRejection(t, other, "Payment token already used")
	elsewhere := r.clone(t)
	elsewhere["address"].(map[string]any)["city"] = "Elsewhere"
	requireRejection(t, s.order(t, s.user, elsewhere), "Payment token already used")
	s.passed("its payment token is accepted neither from another user nor for another address")
}

// access gets orders with and without credentials.
func access(t *testing.T, s *service) {
	o := s.create(t)
	path := "/backend/" + o.OrderID
	read, _ := s.read(t, o.OrderID)
	require.Equal(t, o.PaymentToken, read.PaymentToken, "services see the whole order")
	s.passed("a signed request gets the order with its payment token")

	for name, who := range map[string]signature{"no": unsigned, "a wrong": s.wronglySigned} {
		r := s.send(t, http.MethodGet, s.apiURL+path, nil, who)
		require.Equal(t, http.StatusForbidden, r.status, "%s signature: %s", name, r.body)
		require.NotContains(t, string(r.body), o.PaymentToken)
		require.Equal(t, "*", r.header.Get("Access-Control-Allow-Origin"))
	}
	s.passed("without a signature, or with a wrong one, the response is 403")

	missing := s.send(t, http.MethodGet, s.apiURL+"/backend/"+uuid.NewString(), nil, s.signed)
	require.Equal(t, http.StatusNotFound, missing.status)
	require.JSONEq(t, `{"message":"Order not found"}`, string(missing.body))
	s.passed("an unknown order is not found (404)")

	for _, route := range []string{"POST /orders", "GET /orders", "GET /orders/" + o.OrderID} {
		method, path, _ := strings.Cut(route, " ")
		r := s.send(t, method, s.apiURL+path, nil, unsigned)
		require.Equal(t, http.StatusUnauthorized, r.status, route)
		require.JSONEq(t, `{"message":"Unauthorized"}`, string(r.body), route)
	}
	s.passed("without a token, the routes of users respond with 401")
}

// requireRejection requires a rejection with a message and these errors, or with any errors if none
// are given.
func requireRejection(t *testing.T, r result, message string, errors ...string) {
	t.Helper()
	require.False(t, r.Success)
	require.Empty(t, r.Order.OrderID)
	require.Equal(t, message, r.Message, "%v", r.Errors)
	if errors == nil {
		require.NotEmpty(t, r.Errors)
		return
	}
	require.Equal(t, errors, r.Errors)
}

// rejectedRequests sends requests that the service rejects without calling a peer.
func rejectedRequests(t *testing.T, s *service) {
	good := s.newRequest(t)
	requireRejection(t, s.invoke(t, map[string]any{}), "Invalid event", "Missing order in event", "Missing userId in event")
	requireRejection(t, s.invoke(t, map[string]any{"order": good}), "Invalid event", "Missing userId in event")
	requireRejection(t, s.invoke(t, map[string]any{"userId": s.user}), "Invalid event", "Missing order in event")
	s.passed("an event without an order or a user is rejected")

	invalid := good.clone(t)
	delete(invalid, "address")
	invalid.product(0)["quantity"] = -1
	invalid["paymentToken"] = ""
	requireRejection(t, s.order(t, s.user, invalid), "JSON Schema validation error",
		"/products/0/quantity: must be at least 1", "/address: is required", "/paymentToken: must not be empty")
	s.passed("an order that does not match the schema is rejected, with all its errors")

	large := good.clone(t)
	large["comment"] = strings.Repeat("x", 128<<10)
	requireRejection(t, s.order(t, s.user, large), "Request too large")
	s.passed("an order over 128 KiB is rejected")

	wrong := good.clone(t)
	wrong["total"] = good.total() + 1
	requireRejection(t, s.order(t, s.user, wrong), "Validation errors",
		fmt.Sprintf("Wrong total: got %d, expected %d", good.total()+1, good.total()))
	s.passed("an order with a wrong total is rejected")
}

// checksReject sends requests that a peer rejects, and then one with the same token that is
// accepted.
func checksReject(t *testing.T, s *service) {
	good := s.newRequest(t)
	price := good["deliveryPrice"].(int64)

	priced := good.clone(t)
	priced["deliveryPrice"] = price + 1
	requireRejection(t, s.order(t, s.user, priced), "Validation errors", fmt.Sprintf("Wrong delivery price: got %d, expected %d", price+1, price))
	s.passed("an order with a wrong delivery price is rejected")

	unpaid := good.clone(t)
	unpaid["paymentToken"] = uuid.NewString()
	requireRejection(t, s.order(t, s.user, unpaid), "Validation errors", "Wrong payment token")
	s.passed("an order with an unknown payment token is rejected")

	unknown := good.clone(t)
	unknown.product(0)["productId"] = uuid.NewString()
	a := s.order(t, s.user, unknown)
	requireRejection(t, a, "Validation errors")
	require.NotContains(t, strings.Join(a.Errors, "; "), "Failure to contact")
	s.passed("an order of an unknown product is rejected")

	a = s.order(t, s.user, good)
	require.True(t, a.Success, "%s %v", a.Message, a.Errors)
	s.passed("none of these was stored: their token is still accepted")
}
