package contract_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	goodPackage = `{"width": 100, "length": 120, "height": 110, "weight": 350}`
	goodProduct = `{"productId": "mug", "name": "Coffee mug", "package": ` + goodPackage + `, "price": 1295, "quantity": 2}`
	goodAddress = `{"name": "Jane Doe", "streetAddress": "1 Example Street", "city": "Exampleton", "country": "DE", "phoneNumber": "+49 000 000000"}`
	goodRequest = `{"products": [` + goodProduct + `], "address": ` + goodAddress + `, "deliveryPrice": 1000, "paymentToken": "token", "total": 3590}`
)

func TestRequestSchemaHasTheLimitsOfTheContract(t *testing.T) {
	schema := load(t, openAPIFile).Components.Schemas["CreateOrderRequest"].Value
	tests := []struct {
		name, old, new string // old, in the good request, becomes new
		valid          bool
	}{
		{"as it is", "", "", true},
		{"not an object", goodRequest, `[]`, false},
		{"unknown attributes anywhere", `{`, `{"unknown": null, `, true},
		{"no total", `, "total": 3590`, ``, true},
		{"total null", `"total": 3590`, `"total": null`, false},
		{"total negative", `"total": 3590`, `"total": -1`, false},
		{"total too large", `"total": 3590`, `"total": 2147483648`, false},
		{"no products", goodProduct, ``, false},
		{"products not a list", `[` + goodProduct + `]`, goodProduct, false},
		{"100 products", goodProduct, strings.Repeat(goodProduct+",", 99) + goodProduct, true},
		{"101 products", goodProduct, strings.Repeat(goodProduct+",", 100) + goodProduct, false},
		{"no quantity", `, "quantity": 2`, ``, true},
		{"quantity null", `"quantity": 2`, `"quantity": null`, false},
		{"quantity 1", `"quantity": 2`, `"quantity": 1`, true},
		{"quantity 0", `"quantity": 2`, `"quantity": 0`, false},
		{"quantity negative", `"quantity": 2`, `"quantity": -2`, false},
		{"quantity 2.0", `"quantity": 2`, `"quantity": 2.0`, true},
		{"quantity 2e0", `"quantity": 2`, `"quantity": 2e0`, true},
		{"quantity 2.5", `"quantity": 2`, `"quantity": 2.5`, false},
		{"quantity text", `"quantity": 2`, `"quantity": "2"`, false},
		{"price 0", `"price": 1295`, `"price": 0`, true},
		{"price negative", `"price": 1295`, `"price": -1`, false},
		{"price largest", `"price": 1295`, `"price": 2147483647`, true},
		{"price too large", `"price": 1295`, `"price": 2147483648`, false},
		{"price beyond 64 bits", `"price": 1295`, `"price": 18446744073709551617`, false},
		{"price beyond floating point", `"price": 1295`, `"price": 1e400`, false},
		{"name empty", `"Coffee mug"`, `""`, false},
		{"productId empty", `"mug"`, `""`, false},
		{"productId not a UUID", `"mug"`, `"coffee mug"`, true},
		{"width 0", `"width": 100`, `"width": 0`, true},
		{"width negative", `"width": 100`, `"width": -1`, false},
		{"weight true", `"weight": 350`, `"weight": true`, false},
		{"package null", goodPackage, `null`, false},
		{"address null", goodAddress, `null`, false},
		{"country lower case", `"DE"`, `"de"`, true},
		{"country of three letters", `"DE"`, `"DEU"`, false},
		{"country of other letters", `"DE"`, `"ÄÖ"`, false},
		{"country with a newline", `"DE"`, `"DE\n"`, false},
		{"phone number empty", `"+49 000 000000"`, `""`, false},
		{"optional parts empty", `"name": "Jane Doe"`, `"name": "Jane Doe", "companyName": "", "postCode": "", "state": ""`, true},
		{"optional part null", `"name": "Jane Doe"`, `"name": "Jane Doe", "state": null`, false},
		{"delivery free", `"deliveryPrice": 1000`, `"deliveryPrice": 0`, true},
		{"delivery negative", `"deliveryPrice": 1000`, `"deliveryPrice": -1`, false},
		{"payment token empty", `"token"`, `""`, false},
		{"name in the wrong case", `"paymentToken"`, `"PaymentToken"`, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.Contains(t, goodRequest, test.old)
			body := strings.ReplaceAll(goodRequest, test.old, test.new)
			if test.old == "" {
				body = goodRequest
			}
			err := schema.VisitJSON(decode(t, body))
			require.Equal(t, test.valid, err == nil, "%s: %v", body, err)
		})
	}
}

func TestRequestSchemaHasTheRequiredPropertiesOfTheContract(t *testing.T) {
	schemas := load(t, openAPIFile).Components.Schemas
	for name, want := range map[string][]string{
		"CreateOrderRequest": {"products", "address", "deliveryPrice", "paymentToken"},
		"Product":            {"productId", "name", "package", "price"},
		"Package":            {"width", "length", "height", "weight"},
		"Address":            {"name", "streetAddress", "city", "country", "phoneNumber"},
	} {
		require.ElementsMatch(t, want, schemas[name].Value.Required, name)
	}
	require.EqualValues(t, 1, schemas["Product"].Value.Properties["quantity"].Value.Default)
}

// Every integer of the service has the same upper bound, which the frontend's GraphQL sets.
func TestEveryIntegerIsBounded(t *testing.T) {
	for _, file := range []string{openAPIFile, eventsFile} {
		for name, schema := range load(t, file).Components.Schemas {
			for property, value := range schema.Value.Properties {
				if value.Value.Type == nil || !value.Value.Type.Is("integer") {
					continue
				}
				where := fmt.Sprintf("%s.%s", name, property)
				require.NotNil(t, value.Value.Max, where)
				require.EqualValues(t, 2147483647, *value.Value.Max, where)
				if name != "PackedProduct" { // a quantity below 1 means not packed
					require.NotNil(t, value.Value.Min, where)
				}
			}
		}
	}
}
