package contract_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// Orders that the predecessor of this service wrote are still there, and answered in the shapes of the document.
func TestOrdersOfThePredecessorFitTheDocument(t *testing.T) {
	id := order.IDFor("predecessor")
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

// read is the body of get-order's answer to jane, or to a service where the resource is for those.
func read(t *testing.T, store order.Store, resource, orderID string) string {
	t.Helper()
	request := events.APIGatewayProxyRequest{Resource: resource, HTTPMethod: "GET", PathParameters: map[string]string{"orderId": orderID}}
	request.RequestContext.Identity.UserArn = "arn:aws:sts::123456789012:assumed-role/delivery/session"
	request.RequestContext.Authorizer = map[string]any{"claims": map[string]any{"sub": jane}}
	h := handler.GetOrder{Orders: &order.Service{Store: store}, Log: slog.New(slog.DiscardHandler)}
	out, err := h.Invoke(t.Context(), []byte(encoded(t, request)))
	require.NoError(t, err)
	var answer events.APIGatewayProxyResponse
	require.NoError(t, json.Unmarshal(out, &answer))
	require.Equal(t, 200, answer.StatusCode, answer.Body)
	return answer.Body
}
