package contract_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// requireAgreement requires that the schema and the code both accept a document, or both reject it
// for faults in the same places. It returns the places.
func requireAgreement(t require.TestingT, schema *openapi3.Schema, document any) (faulty []string) {
	text, err := json.Marshal(document)
	require.NoError(t, err)
	bySchema := schemaFaults(schema.VisitJSON(document, openapi3.MultiErrors()))
	byCode := requestFaults(t, text)
	require.Equal(t, bySchema, byCode, "places that the schema and the code reject in %s", text)
	return byCode
}

// schemaFaults returns the places that do not match a schema, as JSON pointers, sorted.
func schemaFaults(err error) []string {
	places := []string{}
	if several, ok := errors.AsType[openapi3.MultiError](err); ok {
		for _, err := range several {
			places = append(places, schemaFaults(err)...)
		}
	} else if single, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		pointer := ""
		for _, name := range single.JSONPointer() {
			pointer += "/" + pointerEscapes.Replace(name)
		}
		places = append(places, pointer)
	} else if err != nil {
		places = append(places, err.Error())
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// requestFaults returns the places that ParseRequest rejects, as JSON pointers, sorted.
func requestFaults(t require.TestingT, text []byte) []string {
	places := []string{}
	_, err := order.ParseRequest(text)
	if err == nil {
		return places
	}
	rejection, ok := errors.AsType[*order.Error](err)
	require.True(t, ok, "%T", err)
	require.Equal(t, order.Invalid, rejection.Kind)
	for _, fault := range rejection.Details {
		pointer, _, found := strings.Cut(fault, ": ")
		require.True(t, found, fault)
		places = append(places, pointer)
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// mutate makes one mutation at one place, and requires that the schema and the code agree on the
// result, and that its faults, if any, are at that place or below it.
func mutate(t require.TestingT, schema *openapi3.Schema, document *any, at place, change mutation) {
	change.make()
	for _, pointer := range requireAgreement(t, schema, *document) {
		require.True(t, pointer == at.pointer || strings.HasPrefix(pointer, at.pointer+"/"), "%s %s is a fault of %s", at.pointer, change.what, pointer)
	}
}

// fullRequest has every property that the schema knows, and some that it does not. With prices of
// 0, any one number that the schema allows keeps the total within its limit, which a schema cannot
// express.
const fullRequest = `{
	"products": [
		{"productId": "mug", "name": "Mug", "package": {"width": 1, "length": 2, "height": 3, "weight": 4, "depth": 5}, "price": 0, "quantity": 1, "color": null},
		{"productId": "pen", "name": "Pen", "package": {"width": 0, "length": 0, "height": 0, "weight": 0}, "price": 0}
	],
	"address": {"name": "Jane Doe", "companyName": "Doe", "streetAddress": "1 Example Street", "postCode": "12345", "city": "Exampleton",
		"state": "", "country": "DE", "phoneNumber": "+49 000 000000", "floors": [1]},
	"deliveryPrice": 0, "paymentToken": "token", "total": 0, "gift": {"paper": "red", "a/b~c": 1}
}`

func TestSchemaAndCodeAgreeOnEveryMutation(t *testing.T) {
	schema := load(t, openAPIFile).Components.Schemas["CreateOrderRequest"].Value
	document := decoded(fullRequest)
	require.Empty(t, requireAgreement(t, schema, document))
	for i, place := range placesIn(&document, schema) {
		for j := range place.mutations() {
			document := decoded(fullRequest) // mutations change it
			at := placesIn(&document, schema)[i]
			mutate(t, schema, &document, at, at.mutations()[j])
		}
	}
}

func TestSchemaAndCodeAgreeOnAnyRequest(t *testing.T) {
	schema := load(t, openAPIFile).Components.Schemas["CreateOrderRequest"].Value
	requests := rapid.Map(ordertest.Requests(), func(request json.RawMessage) string { return string(request) })
	rapid.Check(t, func(t *rapid.T) {
		request := requests.Draw(t, "request")
		require.Empty(t, requireAgreement(t, schema, decoded(request)))
		for range 10 {
			document := decoded(request)
			leaveRoom(document)
			at := rapid.SampledFrom(placesIn(&document, schema)).Draw(t, "place")
			changes := append(at.mutations(), drawMutation(t, at))
			mutate(t, schema, &document, at, rapid.SampledFrom(changes).Draw(t, "mutation"))
		}
	})
}

// leaveRoom changes a valid request so that no single mutation breaks a rule that only the code
// knows: the total stays within its limit, and no product gets the ID of another.
func leaveRoom(document any) {
	request := document.(map[string]any)
	request["deliveryPrice"] = json.Number("0")
	for _, item := range request["products"].([]any) {
		product := item.(map[string]any)
		product["productId"] = "id " + product["productId"].(string)
		product["price"] = json.Number("0")
		if _, given := product["quantity"]; given {
			product["quantity"] = json.Number("1")
		}
	}
}

// drawMutation draws a mutation that puts any number or text at a place.
func drawMutation(t *rapid.T, at place) mutation {
	anything := rapid.OneOf(rapid.Int64().AsAny(), rapid.Int64Range(-2, order.MaxInteger+2).AsAny(), rapid.Float64().AsAny(),
		rapid.String().AsAny(), rapid.StringMatching(`[A-Za-z]{1,3}`).AsAny())
	text, err := json.Marshal(anything.Draw(t, "value"))
	if err != nil {
		t.Fatal(err)
	}
	return mutation{"set to " + string(text), func() { at.set(decoded(string(text))) }}
}

// These are all rules of a request that the schema cannot express: it accepts each of these
// requests, and the code rejects them. On every other rule they agree, as the tests above show.
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
			rejection, ok := errors.AsType[*order.Error](create(t, body))
			require.True(t, ok, "accepted")
			require.Equal(t, c.kind, rejection.Kind)
			require.Equal(t, []string{c.want}, rejection.Details)
		})
	}
	require.NoError(t, create(t, goodRequest))
	require.NoError(t, create(t, goodRequest+strings.Repeat(" ", 131072-len(goodRequest))))
}

// create creates an order without checks.
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
