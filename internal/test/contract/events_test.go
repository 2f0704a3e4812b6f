package contract_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// sources are the events of the contract, with the service that sends each.
var sources = map[string]string{
	"OrderCreated":      "ecommerce.orders",
	"OrderModified":     "ecommerce.orders",
	"OrderDeleted":      "ecommerce.orders",
	"PackageCreated":    "ecommerce.warehouse",
	"PackagingFailed":   "ecommerce.warehouse",
	"DeliveryCompleted": "ecommerce.delivery",
	"DeliveryFailed":    "ecommerce.delivery",
}

// event returns the schema of an event and a copy of its example.
func event(t *testing.T, doc *openapi3.T, name string) (*openapi3.Schema, map[string]any) {
	t.Helper()
	schema := doc.Components.Schemas[name]
	require.NotNil(t, schema, name)
	data, err := json.Marshal(schema.Value.Example)
	require.NoError(t, err)
	example := asMap(t, decode(t, string(data)))
	require.NoError(t, schema.Value.VisitJSON(example), name)
	return schema.Value, example
}

func TestEventsAreThoseOfTheContract(t *testing.T) {
	doc := load(t, eventsFile)
	require.Empty(t, doc.Paths.Map())
	found := map[string]string{}
	for name, schema := range doc.Components.Schemas {
		if source, ok := schema.Value.Extensions["x-amazon-events-source"].(string); ok {
			require.Equal(t, name, schema.Value.Extensions["x-amazon-events-detail-type"])
			found[name] = source
		}
	}
	require.Equal(t, sources, found)
}

func TestEveryEventMatchesOnlyItsOwnSchema(t *testing.T) {
	doc := load(t, eventsFile)
	for name, source := range sources {
		schema, example := event(t, doc, name)
		require.Equal(t, source, example["source"], name)
		require.Equal(t, name, example["detail-type"], name)
		for other := range sources { // only its own schema accepts it
			require.Equal(t, other == name, doc.Components.Schemas[other].Value.VisitJSON(example) == nil, "%s as %s", name, other)
		}
		example["source"] = "ecommerce.order" // the mistake in the original's events.yaml
		require.Error(t, schema.VisitJSON(example), name)
	}
}

func TestEnvelopesAreRequired(t *testing.T) {
	doc := load(t, eventsFile)
	for name := range sources {
		schema, example := event(t, doc, name)
		for attribute := range example {
			incomplete := maps.Clone(example)
			delete(incomplete, attribute)
			optional := attribute == "account" || attribute == "region"
			require.Equal(t, optional, schema.VisitJSON(incomplete) == nil, "%s without %s", name, attribute)
		}
	}
}

func TestPublishedEventsAreAboutOneOrder(t *testing.T) {
	doc := load(t, eventsFile)
	ids := []any{"3f1c4d0a-7b52-5e8e-9c1d-2a6b8f04c7d3", "d5e32d1d-552f-497e-babd-f7946ca35c78"}
	for name, source := range sources {
		schema, example := event(t, doc, name)
		example["resources"] = ids
		require.Equal(t, source != "ecommerce.orders", schema.VisitJSON(example) == nil, name)
		example["resources"] = []any{}
		require.Error(t, schema.VisitJSON(example), name)
	}
}

func TestPublishedOrdersKeepUnknownAttributes(t *testing.T) {
	order := load(t, eventsFile).Components.Schemas["StoredOrder"].Value
	require.NoError(t, order.VisitJSON(decode(t, stored())))
	require.Error(t, order.VisitJSON(decode(t, publicOrder)), "payment needs the token")
	for _, at := range []string{`{"orderId"`, `{"productId"`, `{"width"`, `{"name"`} {
		more := strings.Replace(stored(), at, `{"new": {"x": [null]}, `+at[1:], 1)
		require.NoError(t, order.VisitJSON(decode(t, more)), at)
	}
	require.NoError(t, order.VisitJSON(decode(t, strings.Replace(stored(), `"NEW"`, `"RETURNED"`, 1))))
}

func TestModificationsRequireBothImagesAndTheChange(t *testing.T) {
	schema, example := event(t, load(t, eventsFile), "OrderModified")
	detail := asMap(t, example["detail"])
	for attribute := range detail {
		incomplete := maps.Clone(detail)
		delete(incomplete, attribute)
		example["detail"] = incomplete
		require.Error(t, schema.VisitJSON(example), attribute)
	}
}

func TestPackagesHaveTheShapeThatTheWarehouseSends(t *testing.T) {
	schema, example := event(t, load(t, eventsFile), "PackageCreated")
	row := `{"productId": "__metadata", "orderId": "x", "status": "COMPLETED", "modifiedDate": "2026-01-23T10:58:01.220913"}`
	for products, valid := range map[string]bool{
		`[` + row + `]`: true, // nothing could be packed
		`[]`:            true,
		`[` + row + `, {"productId": "mug", "quantity": 1}]`: true,
		`[{"productId": "mug"}]`:                             true, // as many as were ordered
		`[{"productId": "mug", "quantity": 0}]`:              true, // none
		`[{"productId": "mug", "quantity": -1}]`:             true, // none
		`[{"productId": "mug", "quantity": "1"}]`:            false,
		`[{"productId": "mug", "quantity": 1, "x": null}]`:   true,
		`[{"quantity": 1}]`:                                  false,
		`["mug"]`:                                            false,
		`{}`:                                                 false,
		`null`:                                               false,
	} {
		example["detail"] = decode(t, `{"orderId": "x", "products": `+products+`}`)
		err := schema.VisitJSON(example)
		require.Equal(t, valid, err == nil, "%s: %v", products, err)
	}
	example["detail"] = map[string]any{}
	require.Error(t, schema.VisitJSON(example))
}
