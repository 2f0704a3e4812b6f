package acceptance

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
)

// A request asks for an order; tests spoil it.
type request map[string]any

// each is how many of every product are ordered: enough to pack fewer.
const each = 2

// newRequest is right in every respect and has a token of its own, good for a little more: a price that is spoilt is
// then not refused for its token.
func (s *service) newRequest(t *testing.T) request {
	t.Helper()
	r := request{"address": address(), "deliveryPrice": s.platform.deliveryPrice}
	var products []map[string]any
	for _, product := range s.platform.products {
		line := maps.Clone(product)
		line["quantity"] = each
		products = append(products, line)
	}
	r["products"] = products
	r["paymentToken"] = s.preauthorise(t, r.total()+1)
	return r
}

// address is nobody's: its telephone number is of the range kept for fiction.
func address() map[string]any {
	return map[string]any{
		"name": "Ada Acceptance", "streetAddress": "100 Sample Street", "city": "Seattle",
		"postCode": "98101", "state": "WA", "country": "US", "phoneNumber": "+1-206-555-0142",
	}
}

func (r request) product(i int) map[string]any { return r["products"].([]map[string]any)[i] }

// total is what the request should come to.
func (r request) total() int64 {
	sum := r["deliveryPrice"].(int64)
	for i := range r["products"].([]map[string]any) {
		sum += int64(r.product(i)["price"].(float64)) * each
	}
	return sum
}

// clone is a copy whose address, products and members can be changed.
func (r request) clone(t *testing.T) request {
	t.Helper()
	c := maps.Clone(r)
	c["address"] = maps.Clone(r["address"].(map[string]any))
	var products []map[string]any
	for i := range r["products"].([]map[string]any) {
		products = append(products, maps.Clone(r.product(i)))
	}
	c["products"] = products
	return c
}

// encode is v as JSON.
func encode(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return text
}
