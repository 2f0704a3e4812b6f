package contract_test

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

const (
	publicOrder = `{"orderId": "3f1c4d0a-7b52-5e8e-9c1d-2a6b8f04c7d3", "userId": "jane", "status": "NEW",
		"createdDate": "2026-01-23T10:53:49.131052Z", "modifiedDate": "2026-01-23T10:53:49.131052Z",
		"products": [` + goodProduct + `], "address": ` + goodAddress + `, "deliveryPrice": 1000, "total": 3590}`
	withToken = `"paymentToken": "token", "total"`
)

// stored is publicOrder as the table holds it.
func stored() string { return strings.Replace(publicOrder, `"total"`, withToken, 1) }

func TestOnlyOtherServicesSeeThePaymentToken(t *testing.T) {
	schemas := load(t, openAPIFile).Components.Schemas
	public, backend := schemas["Order"].Value, schemas["BackendOrder"].Value
	require.NoError(t, public.VisitJSON(decode(t, publicOrder)))
	require.Error(t, public.VisitJSON(decode(t, stored())))
	require.NoError(t, backend.VisitJSON(decode(t, stored())))
	require.Error(t, backend.VisitJSON(decode(t, publicOrder)))
}

func TestOnlyOtherServicesSeeUnknownAttributes(t *testing.T) {
	schemas := load(t, openAPIFile).Components.Schemas
	for _, at := range []string{`{"orderId"`, `{"productId"`, `{"width"`, `{"name"`} {
		require.Contains(t, publicOrder, at)
		more := func(order string) string { return strings.Replace(order, at, `{"new": {"x": [null]}, `+at[1:], 1) }
		require.Error(t, schemas["Order"].Value.VisitJSON(decode(t, more(publicOrder))), at)
		require.NoError(t, schemas["BackendOrder"].Value.VisitJSON(decode(t, more(stored()))), at)
	}
}

func TestUsersSeeOnlyTheStatusesOfTheContract(t *testing.T) {
	status := load(t, openAPIFile).Components.Schemas["Order"].Value.Properties["status"].Value
	require.Equal(t, []any{"NEW", "PACKAGING_FAILED", "PACKAGED", "DELIVERY_FAILED", "FULFILLED"}, status.Enum)
}

func TestDatesHaveTheFormsOfTheContract(t *testing.T) {
	for _, file := range []string{openAPIFile, eventsFile} {
		date := load(t, file).Components.Schemas["Date"].Value
		for text, valid := range map[string]bool{
			"2026-01-23T10:53:49.131052Z":      true,
			"2026-01-23T10:53:49.131052":       true, // by the original
			"2026-01-23T10:53:49":              true, // by the original, at a full second
			"2026-01-23T10:53:49Z":             false,
			"2026-01-23T10:53:49.13Z":          false,
			"2026-01-23T10:53:49.131052999Z":   false,
			"2026-01-23T10:53:49.131052+00:00": false,
			"2026-01-23 10:53:49.131052Z":      false,
			"":                                 false,
		} {
			require.Equal(t, valid, date.VisitJSON(text) == nil, "%s: %q", file, text)
		}
	}
}

func TestErrorsHaveTheShapeOfTheContract(t *testing.T) {
	schemas := load(t, openAPIFile).Components.Schemas
	for text, valid := range map[string]struct{ plain, detailed bool }{
		`{"message": "no"}`:                     {plain: true},
		`{"message": "no", "errors": ["why"]}`:  {detailed: true},
		`{"message": "no", "errors": []}`:       {},
		`{"message": "no", "errors": "why"}`:    {},
		`{"message": "no", "errors": null}`:     {},
		`{"message": ""}`:                       {},
		`{"errors": ["why"]}`:                   {},
		`{"message": "no", "cause": "a table"}`: {},
	} {
		require.Equal(t, valid.plain, schemas["Error"].Value.VisitJSON(decode(t, text)) == nil, text)
		require.Equal(t, valid.detailed, schemas["DetailedError"].Value.VisitJSON(decode(t, text)) == nil, text)
	}
}

func TestResponsesWithErrorsAreThoseOfTheContract(t *testing.T) {
	eachOperation(load(t, openAPIFile), func(route string, operation *openapi3.Operation) {
		for status, response := range operation.Responses.Map() {
			if status < "400" {
				continue
			}
			want := "#/components/schemas/Error"
			if slices.Contains([]string{"400", "422", "503"}, status) {
				want = "#/components/schemas/DetailedError"
			}
			require.Equal(t, want, response.Value.Content["application/json"].Schema.Ref, "%s %s", route, status)
		}
	})
}

// Items that the original wrote are still in the table, and are returned in the shapes of the
// document.
func TestOrdersOfTheOriginalMatchTheDocument(t *testing.T) {
	id := order.IDFor("original")
	original := string(ordertest.Original(id, jane))
	packed := changed(t, original, func(o map[string]any) {
		o["status"], o["modifiedDate"] = "PACKAGED", "2020-11-05T09:41:08"
		o["products"] = []any{ // as the warehouse had sent them
			map[string]any{"productId": "__metadata", "orderId": id, "status": "COMPLETED", "modifiedDate": "2020-11-05T09:41:08"},
			map[string]any{"productId": "lamp", "orderId": id, "quantity": 2},
		}
	})
	for name, document := range map[string]string{"new": original, "packed": packed} {
		t.Run(name, func(t *testing.T) {
			store := &memory.Store{}
			require.NoError(t, store.Put(t.Context(), json.RawMessage(document)))
			schemas := load(t, openAPIFile).Components.Schemas
			for resource, schema := range map[string]string{"/orders": "OrderList", "/orders/{orderId}": "Order", "/backend/{orderId}": "BackendOrder"} {
				body := read(t, store, resource, id)
				require.NoError(t, schemas[schema].Value.VisitJSON(decode(t, body)), "%s: %s", resource, body)
				require.Equal(t, schema == "BackendOrder", strings.Contains(body, "paymentToken"))
			}
			require.NoError(t, load(t, eventsFile).Components.Schemas["StoredOrder"].Value.VisitJSON(decode(t, document)))
		})
	}
}

// read returns the body of get-order's response to jane or, for a backend resource, to a service.
func read(t *testing.T, store order.Store, resource, orderID string) string {
	t.Helper()
	request := events.APIGatewayProxyRequest{Resource: resource, HTTPMethod: "GET", PathParameters: map[string]string{"orderId": orderID}}
	request.RequestContext.Identity.UserArn = "arn:aws:sts::123456789012:assumed-role/delivery/session"
	request.RequestContext.Authorizer = map[string]any{"claims": map[string]any{"sub": jane}}
	h := handler.GetOrder{Orders: &order.Service{Store: store}, Metrics: counter{}, Log: slog.New(slog.DiscardHandler)}
	out, err := h.Invoke(t.Context(), []byte(encoded(t, request)))
	require.NoError(t, err)
	var response events.APIGatewayProxyResponse
	require.NoError(t, json.Unmarshal(out, &response))
	require.Equal(t, 200, response.StatusCode, response.Body)
	return response.Body
}
