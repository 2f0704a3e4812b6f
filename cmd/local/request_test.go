package main

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
)

// A request is the body of POST /orders. Tests alter it.
type request map[string]any

// newRequest returns the service's sample order with an address that appears in no other text. The
// process must write neither it nor the payment token anywhere.
func (s *service) newRequest(t *testing.T) request {
	t.Helper()
	r := request{}
	s.get(t, "/_local/sample-order", "").into(t, &r)
	r["address"] = map[string]any{
		"name":          "Zelda Quixworth",
		"companyName":   "Quixworth Zithers",
		"streetAddress": "77 Zigzag Quay",
		"postCode":      "ZQ-99177",
		"city":          "Zuidquorn",
		"state":         "Quzland",
		"country":       "US",
		"phoneNumber":   "+1-206-555-0177",
	}
	for name, value := range r.address() {
		if name != "country" { // any text may contain two letters
			s.keepSecret(value.(string))
		}
	}
	s.keepSecret(r["paymentToken"].(string))
	return r
}

func (r request) encode(t *testing.T) []byte {
	t.Helper()
	body, err := json.Marshal(r)
	require.NoError(t, err)
	return body
}

func (r request) address() map[string]any { return r["address"].(map[string]any) }

func (r request) product(i int) map[string]any { return r["products"].([]any)[i].(map[string]any) }

// repeatProduct adds copies of the first product until there are this many.
func (r request) repeatProduct(many int) {
	products := r["products"].([]any)
	for len(products) < many {
		products = append(products, maps.Clone(r.product(0)))
	}
	r["products"] = products
}

// total returns the order's total.
func (r request) total() int {
	sum := r["deliveryPrice"].(float64)
	for i := range r["products"].([]any) {
		sum += r.product(i)["price"].(float64) * r.product(i)["quantity"].(float64)
	}
	return int(sum)
}
