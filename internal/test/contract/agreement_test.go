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

	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// requireAgreement wants the schema and the code to both accept a document or to both refuse it, and then for faults
// in the same places. It returns those.
func requireAgreement(t require.TestingT, schema *openapi3.Schema, document any) (faulty []string) {
	text, err := json.Marshal(document)
	require.NoError(t, err)
	bySchema := placesOf(schema.VisitJSON(document, openapi3.MultiErrors()))
	byCode := faultyPlaces(t, text)
	require.Equal(t, bySchema, byCode, "what the schema finds, and what the code finds in %s", text)
	return byCode
}

// placesOf is where a schema was not met, as JSON pointers, sorted.
func placesOf(err error) []string {
	places := []string{}
	if several, ok := errors.AsType[openapi3.MultiError](err); ok {
		for _, err := range several {
			places = append(places, placesOf(err)...)
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

// faultyPlaces is where ParseRequest finds faults, as JSON pointers, sorted.
func faultyPlaces(t require.TestingT, text []byte) []string {
	places := []string{}
	_, err := order.ParseRequest(text)
	if err == nil {
		return places
	}
	refusal, ok := errors.AsType[*order.Error](err)
	require.True(t, ok, "%T", err)
	require.Equal(t, order.Invalid, refusal.Kind)
	for _, fault := range refusal.Details {
		pointer, _, told := strings.Cut(fault, ": ")
		require.True(t, told, fault)
		places = append(places, pointer)
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// mutate makes one mutation at one place, and wants the schema and the code to agree on what comes of it: faults, if
// there are any, are at that place or in what was put there.
func mutate(t require.TestingT, schema *openapi3.Schema, document *any, at place, change mutation) {
	change.make()
	for _, pointer := range requireAgreement(t, schema, *document) {
		require.True(t, pointer == at.pointer || strings.HasPrefix(pointer, at.pointer+"/"), "%s %s is a fault of %s", at.pointer, change.what, pointer)
	}
}

// fullRequest has every member that the schema knows, and some that it does not. Prices of 0 leave room for any one
// number that the schema allows: how large a total may be is not for a schema to say.
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

// leaveRoom makes a valid request one that stays within the rules that only the code knows when any one value is
// changed: the total has room for each number, and no mutation makes an id that another product has.
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

// drawMutation puts any number or text at a place.
func drawMutation(t *rapid.T, at place) mutation {
	anything := rapid.OneOf(rapid.Int64().AsAny(), rapid.Int64Range(-2, order.MaxInteger+2).AsAny(), rapid.Float64().AsAny(),
		rapid.String().AsAny(), rapid.StringMatching(`[A-Za-z]{1,3}`).AsAny())
	text, err := json.Marshal(anything.Draw(t, "value"))
	if err != nil {
		t.Fatal(err)
	}
	return mutation{"set to " + string(text), func() { at.set(decoded(string(text))) }}
}
