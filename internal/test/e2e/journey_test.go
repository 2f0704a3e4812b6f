package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
	"orders/internal/local/dynamodb/dynamodbtest"
)

// TestOnDynamoDB is everything that needs a real table: one DynamoDB Local serves it all.
func TestOnDynamoDB(t *testing.T) {
	endpoint := dynamodbtest.Start(t)
	for name, test := range map[string]func(t *testing.T, w *world){
		"the way of an order":                    testJourney,
		"neighbours that hang leave nothing":     testHangingNeighbours,
		"many invocations leave nothing":         testLeaks,
		"invocations run at once in one process": testConcurrency,
	} {
		t.Run(name, func(t *testing.T) { test(t, newWorld(t, forward(t, endpoint), dynamodbtest.Table(t, endpoint))) })
	}
}

// testJourney follows two orders, one of them through all that can happen to it.
func testJourney(t *testing.T, w *world) {
	user, create := uuid.NewString(), w.start(t, createOrder)

	first := w.order()
	created := ask(t, create, post(t, user, first))
	require.Equal(t, http.StatusCreated, created.StatusCode, created.Body)
	id := created.json(t)["orderId"].(string)
	require.Equal(t, "/orders/"+id, created.Headers["Location"])
	require.NotContains(t, created.json(t), "paymentToken")

	again := ask(t, create, post(t, user, first))
	require.Equal(t, http.StatusOK, again.StatusCode)
	require.Equal(t, "true", again.Headers["Idempotent-Replayed"])
	require.Equal(t, created.Body, again.Body)
	require.Equal(t, http.StatusConflict, ask(t, create, post(t, uuid.NewString(), first)).StatusCode)

	second := w.order()
	secondID := createDirectly(t, create, user, second)
	wrong := w.order()
	wrong.DeliveryPrice++
	require.Equal(t, http.StatusUnprocessableEntity, ask(t, create, post(t, user, wrong)).StatusCode)

	update := w.start(t, tableUpdate)
	require.Empty(t, announce(t, update, streamRecords(t, w.database.URL, w.table)))
	require.Equal(t, []string{"OrderCreated " + id, "OrderCreated " + secondID}, w.published())
	require.Contains(t, string(w.bus.Events()[0].Detail), first.PaymentToken, "payment needs it")

	w.fulfil(t, id)
	records := streamRecords(t, w.database.URL, w.table)
	require.Len(t, records, 4)
	require.Empty(t, announce(t, update, records[2:]))
	require.Equal(t, []string{"OrderModified " + id, "OrderModified " + id}, w.published()[2:])
	require.Contains(t, string(w.bus.Events()[2].Detail), `"changed":["modifiedDate","products","status","total"]`)

	w.read(t, user, id, secondID)
	w.close()
	require.Equal(t, map[string]int{"orderCreated": 2, "orderPackaged": 1, "orderFulfilled": 1}, w.counted(t))
	require.Eventually(t, func() bool { return strings.Contains(w.traces.String(), `"PutItem"`) }, time.Minute, time.Millisecond)
}

func createDirectly(t *testing.T, create *lambdaruntime.Function, user string, o any) (id string) {
	answer, err := invoke(t, create, map[string]any{"userId": user, "order": o})
	require.NoError(t, err)
	var direct struct {
		Success bool
		Message string
		Order   struct{ OrderID, PaymentToken string }
	}
	require.NoError(t, json.Unmarshal(answer, &direct))
	require.True(t, direct.Success, string(answer))
	require.Equal(t, "Order created", direct.Message)
	require.True(t, strings.HasPrefix(direct.Order.PaymentToken, secret))
	return direct.Order.OrderID
}

// fulfil packs only the first product of an order, twice, and delivers it.
func (w *world) fulfil(t *testing.T, id string) {
	follow := w.start(t, onEvents)
	packed := report("ecommerce.warehouse", "PackageCreated", id, map[string]any{"orderId": id, "products": []map[string]any{
		{"productId": w.catalogue[0].ProductID, "quantity": 1},
		{"productId": "__metadata", "orderId": id, "status": "COMPLETED", "modifiedDate": "2026-02-03T04:05:06Z"},
	}})
	for _, event := range []map[string]any{packed, packed, report("ecommerce.delivery", "DeliveryCompleted", id, map[string]any{"orderId": id}), packed} {
		_, err := invoke(t, follow, event)
		require.NoError(t, err)
	}
	_, err := invoke(t, follow, report("ecommerce.delivery", "DeliveryCompleted", uuid.NewString(), map[string]any{}))
	require.ErrorContains(t, err, "Order not found", "an event for an unknown order is to end in the dead-letter queue")
}

// read looks at both orders in every way there is.
func (w *world) read(t *testing.T, user, id, secondID string) {
	read := w.start(t, getOrder)
	backend := ask(t, read, get("/backend/{orderId}", "", id))
	require.Equal(t, http.StatusOK, backend.StatusCode)
	require.Equal(t, "FULFILLED", backend.json(t)["status"])
	require.Len(t, backend.json(t)["products"], 1)
	require.Contains(t, backend.json(t)["paymentToken"], secret)

	own := ask(t, read, get("/orders/{orderId}", user, id))
	require.Equal(t, http.StatusOK, own.StatusCode)
	require.Equal(t, id, own.json(t)["orderId"])
	require.NotContains(t, own.json(t), "paymentToken")
	require.Equal(t, http.StatusNotFound, ask(t, read, get("/orders/{orderId}", uuid.NewString(), id)).StatusCode)
	require.Equal(t, http.StatusNotFound, ask(t, read, get("/backend/{orderId}", "", uuid.NewString())).StatusCode)

	page := func(token string) (orders []any, next string) {
		answer := ask(t, read, request("GET", "/orders", user, func(r *events.APIGatewayProxyRequest) {
			r.QueryStringParameters = map[string]string{"limit": "1"}
			if token != "" {
				r.QueryStringParameters["nextToken"] = token
			}
		}))
		require.Equal(t, http.StatusOK, answer.StatusCode, answer.Body)
		next, _ = answer.json(t)["nextToken"].(string)
		return answer.json(t)["orders"].([]any), next
	}
	newest, next := page("")
	require.Equal(t, secondID, newest[0].(map[string]any)["orderId"])
	oldest, _ := page(next)
	require.Equal(t, id, oldest[0].(map[string]any)["orderId"])
}

// published are the events on the bus, each as its type and order.
func (w *world) published() (events []string) {
	for _, event := range w.bus.Events() {
		events = append(events, event.DetailType+" "+strings.Join(event.Resources, " "))
	}
	return events
}

// counted are the metrics that functions have printed, but for sums of money. Every line must be JSON.
func (w *world) counted(t *testing.T) map[string]int {
	counts := map[string]int{}
	for _, line := range w.printed.lines(t) {
		for name, value := range line {
			if n, isNumber := value.(float64); isNumber && strings.HasPrefix(name, "order") && name != "orderCreatedTotal" {
				counts[name] += int(n)
			}
		}
	}
	return counts
}
