package contract_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/memory"
	"orders/internal/order"
)

// These are all the rules of a request that the schema cannot express: it takes each of these requests, and the code
// refuses it. On every other rule they agree, as the tests of that say.
func TestRulesBeyondTheSchema(t *testing.T) {
	schema := load(t, openAPIFile).Components.Schemas["CreateOrderRequest"].Value
	for name, c := range map[string]struct {
		old, new string // old, in the good request, becomes new
		kind     order.Kind
		want     string
	}{
		"total is not the sum": {`"total": 3590`, `"total": 3589`, order.Rejected, "Wrong total: got 3589, expected 3590"},
		"total beyond an integer": {`"deliveryPrice": 1000`, `"deliveryPrice": 2147481058`, order.Invalid,
			"/products: the total of the order must be at most 2147483647"},
		"total beyond 64 bits": {goodProduct, largest("a") + `,` + largest("b") + `,` + largest("c"), order.Invalid,
			"/products: the total of the order must be at most 2147483647"},
		"more than 128 KiB": {goodRequest, goodRequest + strings.Repeat(" ", 131073-len(goodRequest)), order.TooLarge,
			"The order must be at most 131072 bytes, got 131073"},
		"a product twice": {goodProduct, goodProduct + `,` + strings.Replace(goodProduct, "1295", "1", 1), order.Invalid,
			"/products/1/productId: is the same as in /products/0"},
		"a name twice":                 {`"price": 1295`, `"price": 1295, "price": 1`, order.Invalid, "/products/0/price: duplicate property"},
		"a name twice, spelled apart":  {`"city":`, `"c\u0069ty": "Other", "city":`, order.Invalid, "/address/city: duplicate property"},
		"an unknown name twice":        {`"total": 3590`, `"total": 3590, "gift": {"a": 1, "a": 1}`, order.Invalid, "/gift/a: duplicate property"},
		"text that is not valid UTF-8": {`Jane Doe`, "J\xe4ne Doe", order.Invalid, "The body must be JSON: the text is not valid UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, goodRequest, c.old)
			body := strings.Replace(goodRequest, c.old, c.new, 1)
			require.NoError(t, schema.VisitJSON(decode(t, body)))
			refusal, ok := errors.AsType[*order.Error](create(t, body))
			require.True(t, ok, "accepted")
			require.Equal(t, c.kind, refusal.Kind)
			require.Equal(t, []string{c.want}, refusal.Details)
		})
	}
	require.NoError(t, create(t, goodRequest))
	require.NoError(t, create(t, goodRequest+strings.Repeat(" ", 131072-len(goodRequest))))
}

// create asks for an order where no neighbour objects.
func create(t *testing.T, body string) error {
	t.Helper()
	request, err := order.ParseRequest([]byte(body))
	if err == nil {
		orders := &order.Service{Store: &memory.Store{}}
		_, _, err = orders.Create(t.Context(), "jane", request)
	}
	return err
}

func largest(productID string) string {
	return `{"productId": "` + productID + `", "name": "Gold", "package": ` + goodPackage + `, "price": 2147483647, "quantity": 2147483647}`
}
