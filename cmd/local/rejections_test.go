package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const (
	schemaError = "JSON Schema validation error"
	rejected    = "Validation errors"
	largest     = 2147483647
)

func TestSchemaErrors(t *testing.T) {
	t.Parallel()
	s := start(t, "FULFILMENT=off")
	for name, test := range map[string]struct {
		alter  func(r request)
		errors []string
	}{
		"negative quantity": {func(r request) { r.product(0)["quantity"] = -1 }, []string{"/products/0/quantity: must be at least 1"}},
		"quantity 0":        {func(r request) { r.product(1)["quantity"] = 0 }, []string{"/products/1/quantity: must be at least 1"}},
		"negative price":    {func(r request) { r.product(0)["price"] = -1 }, []string{"/products/0/price: must be at least 0"}},
		"negative size": {func(r request) { r.product(0)["package"].(map[string]any)["width"] = -1 },
			[]string{"/products/0/package/width: must be at least 0"}},
		"integer too large": {func(r request) { r.product(0)["price"] = largest + 1 }, []string{"/products/0/price: must be at most 2147483647"}},
		"overflow": {func(r request) { r.product(0)["price"], r.product(0)["quantity"] = largest, largest },
			[]string{"/products: the total of the order must be at most 2147483647"}},
		"no products":     {func(r request) { r["products"] = []any{} }, []string{"/products: must have at least 1 item"}},
		"101 products":    {many, []string{"/products: must have at most 100 items, got 101"}},
		"a product twice": {func(r request) { r.repeatProduct(4) }, []string{"/products/3/productId: is the same as in /products/0"}},
		"no address":      {func(r request) { delete(r, "address") }, []string{"/address: is required"}},
		"empty name":      {func(r request) { r.address()["name"] = "" }, []string{"/address/name: must not be empty"}},
		"null":            {func(r request) { r.address()["companyName"] = nil }, []string{"/address/companyName: must be a string"}},
		"country":         {func(r request) { r.address()["country"] = "USA" }, []string{"/address/country: must be two letters (ISO 3166-1 alpha-2)"}},
		"all errors at once": {func(r request) { r["paymentToken"], r["deliveryPrice"] = "", "free" },
			[]string{"/deliveryPrice: must be an integer", "/paymentToken: must not be empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			ada, r := s.newUser(t), s.newRequest(t)
			test.alter(r)
			ada.post(t, r.encode(t)).requireProblem(t, http.StatusBadRequest, schemaError, test.errors...)
			ada.requireNoOrders(t)
		})
	}
	require.Empty(t, s.events(t))
}

// many makes 101 different products.
func many(r request) {
	r.repeatProduct(101)
	for i := range 101 {
		r.product(i)["productId"] = fmt.Sprint("product ", i)
	}
}

func TestInvalidBodies(t *testing.T) {
	t.Parallel()
	s := start(t, "FULFILMENT=off")
	ada := s.newUser(t)
	for name, body := range map[string]string{
		"empty":    "",
		"no JSON":  "products=mug",
		"cut off":  `{"products": [`,
		"two":      `{} {}`,
		"no UTF-8": "{\"products\": \"\xff\"}",
	} {
		t.Run(name, func(t *testing.T) {
			r := ada.post(t, []byte(body))
			require.Equal(t, http.StatusBadRequest, r.status, "%s", r.body)
			require.Contains(t, string(r.body), `"message":"Invalid JSON"`)
			require.Contains(t, string(r.body), `"errors":["The body must be JSON: `)
			r.requireCORS(t)
		})
	}
	t.Run("a name twice", func(t *testing.T) {
		body := append(bytes.TrimSuffix(s.newRequest(t).encode(t), []byte("}")), `,"deliveryPrice":0}`...)
		ada.post(t, body).requireProblem(t, http.StatusBadRequest, schemaError, "/deliveryPrice: duplicate property")
	})
	t.Run("129 KiB", func(t *testing.T) {
		ada.post(t, padded(t, s.newRequest(t), 129<<10)).requireProblem(t, http.StatusRequestEntityTooLarge, "Request too large")
	})
	t.Run("a byte over 128 KiB", func(t *testing.T) {
		ada.post(t, padded(t, s.newRequest(t), 128<<10+1)).requireProblem(t, http.StatusRequestEntityTooLarge, "Request too large")
	})
	ada.requireNoOrders(t)
	require.Empty(t, s.events(t))
	t.Run("exactly 128 KiB", func(t *testing.T) {
		ada.post(t, padded(t, s.newRequest(t), 128<<10)).order(t, http.StatusCreated)
	})
}

// padded returns the request, with an unknown field, in exactly size bytes.
func padded(t *testing.T, r request, size int) []byte {
	t.Helper()
	r["comment"] = ""
	r["comment"] = strings.Repeat("x", size-len(r.encode(t)))
	body := r.encode(t)
	require.Len(t, body, size)
	return body
}

func TestRejections(t *testing.T) {
	t.Parallel()
	s := start(t, "FULFILMENT=off")
	mug := s.newRequest(t).product(0)["productId"]
	for name, test := range map[string]struct {
		alter  func(r request)
		errors []string
	}{
		"delivery price": {func(r request) { r["deliveryPrice"] = 1499 }, []string{"Wrong delivery price: got 1499, expected 1500"}},
		"payment token":  {func(r request) { r["paymentToken"] = s.unknownToken() }, []string{"Wrong payment token"}},
		"amount":         {func(r request) { r["paymentToken"] = s.preauthorize(t, r.total()-1) }, []string{"Wrong payment token"}},
		"product":        {func(r request) { r.product(0)["productId"] = "a rare mug" }, []string{"Product 'a rare mug' not found"}},
		"price":          {func(r request) { r.product(0)["price"] = 1 }, []string{fmt.Sprintf("Wrong price in product '%s'", mug)}},
		"all of them": {func(r request) {
			r["deliveryPrice"], r["paymentToken"] = 0, s.unknownToken()
			r.product(0)["name"] = "A rare mug"
		}, []string{"Wrong delivery price: got 0, expected 1500", "Wrong payment token", fmt.Sprintf("Wrong name in product '%s'", mug)}},
		// The total is checked before any peer is called.
		"total": {func(r request) { r["total"], r["paymentToken"] = 1, s.unknownToken() },
			[]string{fmt.Sprintf("Wrong total: got 1, expected %d", s.newRequest(t).total())}},
	} {
		t.Run(name, func(t *testing.T) {
			ada, r := s.newUser(t), s.newRequest(t)
			test.alter(r)
			ada.post(t, r.encode(t)).requireProblem(t, http.StatusUnprocessableEntity, rejected, test.errors...)
			ada.requireNoOrders(t)
		})
	}
	t.Run("user", func(t *testing.T) {
		nobody := s.signIn(t, "nobody")
		nobody.post(t, s.newRequest(t).encode(t)).requireProblem(t, http.StatusUnprocessableEntity, rejected, "Unknown user")
		nobody.requireNoOrders(t)
	})
	require.Empty(t, s.events(t))
}

func TestPaymentTokenBuysOneOrder(t *testing.T) {
	t.Parallel()
	s := start(t, "FULFILMENT=off")
	ada, eve := s.newUser(t), s.newUser(t)
	r := s.newRequest(t)
	r["total"] = r.total() // correct
	ada.post(t, r.encode(t)).order(t, http.StatusCreated)

	eve.post(t, r.encode(t)).requireProblem(t, http.StatusConflict, "Payment token already used")
	r.address()["city"] = "Elsewhere"
	ada.post(t, r.encode(t)).requireProblem(t, http.StatusConflict, "Payment token already used")

	eve.requireNoOrders(t)
	listed, _ := ada.list(t, "")
	require.Len(t, listed, 1)
}

// preauthorize returns a payment token for an amount.
func (s *service) preauthorize(t *testing.T, amount int) string {
	t.Helper()
	body := fmt.Appendf(nil, `{"cardNumber": "4111111111111111", "amount": %d}`, amount)
	r, err := s.call(t.Context(), http.MethodPost, "/payment-3p/preauth", "", body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	var response struct{ PaymentToken string }
	r.into(t, &response)
	s.keepSecret(response.PaymentToken)
	return response.PaymentToken
}

func (s *service) unknownToken() string {
	token := uuid.NewString()
	s.keepSecret(token)
	return token
}
