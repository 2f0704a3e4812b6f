package contract_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"orders/internal/local"
	"orders/internal/order"
)

// An exchange is one request and its response. In target, {next} is the last nextToken of a
// response, and {location} the last Location.
type exchange struct {
	what           string
	method, target string
	as             identity
	body           string
	valid          bool // by the document
	status         int
}

// unreachable are the statuses of the document that the local service cannot have, and why. Those
// that the service itself returns are tested in internal/handler.
var unreachable = []struct {
	status, why string
	operations  []string
}{
	{"429", "only API Gateway throttles", routed},
	{"500", "only API Gateway fails by itself", routed},
	{"502", "no request makes a function fail", routed},
	{"504", "only API Gateway times out", routed},
	{"503", "the table in memory does not fail", []string{"listOrders", "getOrder", "getOrderBackend"}},
	{"400", "a path without an orderId is another route", []string{"getOrder", "getOrderBackend"}},
	{"401", "the gateway rejects requests without a signature with 403", []string{"getOrderBackend"}},
}

var routed = []string{"createOrder", "listOrders", "getOrder", "getOrderBackend"}

func TestServiceMatchesTheDocument(t *testing.T) {
	s := start(t, local.Settings{})
	first, second, other := s.sample(t), s.sample(t), s.sample(t)
	with := func(name string, value any) string {
		return changed(t, other, func(order map[string]any) { order[name] = value })
	}
	one, none := "/orders/"+idOf(t, first), "/orders/"+idOf(t, other)
	backend := strings.NewReplacer("/orders/", "/backend/")

	s.exchangeAll(t, []exchange{
		{"create", "POST", "/orders", user(jane), first, true, 201},
		{"read at Location", "GET", "{location}", user(jane), "", true, 200},
		{"create again", "POST", "/orders", user(jane), first, true, 200},
		{"create with an unknown property", "POST", "/orders", user(jane), changed(t, second, func(o map[string]any) { o["gift"] = nil }), true, 201},
		{"another order with the token", "POST", "/orders", user(jane), changed(t, first, elsewhere), true, 409},
		{"another user with the token", "POST", "/orders", user(john), first, true, 409},
		{"not JSON", "POST", "/orders", user(jane), "order", false, 400},
		{"no body", "POST", "/orders", user(jane), "", false, 400},
		{"not an object", "POST", "/orders", user(jane), "[]", false, 400},
		{"no products", "POST", "/orders", user(jane), with("products", []any{}), false, 400},
		{"negative delivery price", "POST", "/orders", user(jane), with("deliveryPrice", -1), false, 400},
		{"a duplicate property", "POST", "/orders", user(jane), strings.Replace(other, "{", `{"total": 1, "total": 1,`, 1), true, 400},
		{"no token", "POST", "/orders", nobody, other, false, 401},
		{"forged token", "POST", "/orders", forger, other, true, 401},
		{"over 128 KiB", "POST", "/orders", user(jane), other + strings.Repeat(" ", order.MaxRequestBytes), true, 413},
		{"wrong total", "POST", "/orders", user(jane), with("total", 1), true, 422},
		{"wrong delivery price", "POST", "/orders", user(jane), with("deliveryPrice", 1), true, 422},
		{"wrong payment token", "POST", "/orders", user(jane), with("paymentToken", "unknown"), true, 422},
		{"unknown user", "POST", "/orders", user("jane"), other, true, 422},

		{"list", "GET", "/orders", user(jane), "", true, 200},
		{"list the first", "GET", "/orders?limit=1", user(jane), "", true, 200},
		{"list the next", "GET", "/orders?limit=100&nextToken={next}", user(jane), "", true, 200},
		{"list nothing", "GET", "/orders", user(john), "", true, 200},
		{"list by status", "GET", "/orders?status=NEW", user(jane), "", true, 200},
		{"list by an unknown status", "GET", "/orders?status=new", user(jane), "", false, 400},
		{"list by an empty status", "GET", "/orders?status=", user(jane), "", false, 400},
		{"list by two statuses", "GET", "/orders?status=NEW&status=PACKAGED", user(jane), "", true, 400},
		{"limit 0", "GET", "/orders?limit=0", user(jane), "", false, 400},
		{"limit 101", "GET", "/orders?limit=101", user(jane), "", false, 400},
		{"limit 1.5", "GET", "/orders?limit=1.5", user(jane), "", false, 400},
		{"limit ten", "GET", "/orders?limit=ten", user(jane), "", false, 400},
		{"malformed nextToken", "GET", "/orders?nextToken=x", user(jane), "", true, 400},
		{"list without a token", "GET", "/orders", nobody, "", false, 401},
		{"list with a forged token", "GET", "/orders", forger, "", true, 401},

		{"read", "GET", one, user(jane), "", true, 200},
		{"read again", "GET", one, revalidating(user(jane)), "", true, 304},
		{"read another user's", "GET", one, user(john), "", true, 404},
		{"read an unknown order", "GET", none, user(jane), "", true, 404},
		{"read an ID that is not a UUID", "GET", "/orders/x", user(jane), "", true, 404},
		{"read without a token", "GET", one, nobody, "", false, 401},
		{"read with a forged token", "GET", one, forger, "", true, 401},

		{"read as a service", "GET", backend.Replace(one), signer("local"), "", true, 200},
		{"read again as a service", "GET", backend.Replace(one), revalidating(signer("local")), "", true, 304},
		{"read an unknown order as a service", "GET", backend.Replace(none), signer("local"), "", true, 404},
		{"read an ID that is not a UUID as a service", "GET", "/backend/x", signer("local"), "", true, 404},
		{"read with a wrong signature", "GET", backend.Replace(one), signer("guess"), "", true, 403},
		{"read as a service without a signature", "GET", backend.Replace(one), nobody, "", false, 403},
		{"read as a service with a user's token", "GET", backend.Replace(one), user(jane), "", false, 403},

		{"preflight of orders", "OPTIONS", "/orders", nobody, "", true, 204},
		{"preflight of an order", "OPTIONS", one, nobody, "", true, 204},
	})

	failing := start(t, local.Settings{PaymentURL: failingPeer(t)})
	failing.seen = s.seen
	failing.exchangeAll(t, []exchange{{"a check fails", "POST", "/orders", user(jane), failing.sample(t), true, 503}})
	requireAllSeen(t, s.seen)
}

// exchangeAll sends the requests one after the other.
func (s *service) exchangeAll(t *testing.T, exchanges []exchange) {
	t.Helper()
	known := map[string]string{}
	for _, e := range exchanges {
		target := strings.NewReplacer("{next}", known["next"], "{location}", known["location"]).Replace(e.target)
		t.Run(e.what, func(t *testing.T) {
			response, text, err := s.exchange(t, e.method, target, e.as, e.body)
			require.Equal(t, e.status, response.StatusCode, text)
			require.Equal(t, e.valid, err == nil, "by the document: %v", err)
			if location := response.Header.Get("Location"); location != "" {
				known["location"] = location
			}
			var page struct{ NextToken string }
			if json.Unmarshal([]byte(text), &page) == nil && page.NextToken != "" {
				known["next"] = page.NextToken
			}
		})
	}
}

// requireAllSeen requires that every status of every operation was seen, or is unreachable.
func requireAllSeen(t *testing.T, seen map[string]bool) {
	t.Helper()
	var listed, accounted []string
	eachOperation(load(t, openAPIFile), func(_ string, operation *openapi3.Operation) {
		for status := range operation.Responses.Map() {
			listed = append(listed, operation.OperationID+" "+status)
		}
	})
	for operation := range seen {
		accounted = append(accounted, operation)
	}
	for _, missing := range unreachable {
		for _, operation := range missing.operations {
			accounted = append(accounted, operation+" "+missing.status)
		}
	}
	slices.Sort(listed)
	slices.Sort(accounted)
	require.Equal(t, listed, accounted, "statuses in the document, and those seen or unreachable")
}

// sample is a request that every fake peer accepts, with a payment token of its own.
func (s *service) sample(t *testing.T) string {
	t.Helper()
	return s.fetch(t, "/_local/sample-order")
}

// idOf returns the ID of the order that a request creates.
func idOf(t *testing.T, request string) string {
	t.Helper()
	token, _ := asMap(t, decode(t, request))["paymentToken"].(string)
	return order.IDFor(order.PaymentToken(token))
}

// elsewhere sends an order to another city.
func elsewhere(request map[string]any) {
	request["address"].(map[string]any)["city"] = "Elsewhere"
}

// failingPeer returns the URL of a peer that responds with 500.
func failingPeer(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	t.Cleanup(server.Close)
	return server.URL
}
