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
	"orders/internal/test/testworld"
)

// TestOnDynamoDB holds the tests that need a real table, which share one DynamoDB Local.
func TestOnDynamoDB(t *testing.T) {
	endpoint := dynamodbtest.Start(t)
	for name, test := range map[string]func(t *testing.T, d *deployment){
		"an order from creation to fulfilment":  testJourney,
		"peers that hang":                       testHangingPeers,
		"no goroutine or connection leaks":      testLeaks,
		"concurrent invocations in one process": testConcurrency,
		"a table that fails for hours":          testTableOutage,
		"poison messages":                       testPoisonMessages,
	} {
		t.Run(name, func(t *testing.T) { test(t, deploy(t, forward(t, endpoint), dynamodbtest.Table(t, endpoint))) })
	}
	t.Run("the sandbox", func(t *testing.T) { testSandbox(t, endpoint) })
}

// testJourney creates two orders and applys one of them through every status.
func testJourney(t *testing.T, d *deployment) {
	user, create := uuid.NewString(), d.Start(t, testworld.CreateOrder)

	first := d.order()
	created := request(t, create, testworld.Post(user, first))
	require.Equal(t, http.StatusCreated, created.StatusCode, created.Body)
	id := created.json(t)["orderId"].(string)
	require.Equal(t, "/orders/"+id, created.Headers["Location"])
	require.NotContains(t, created.json(t), "paymentToken")

	again := request(t, create, testworld.Post(user, first))
	require.Equal(t, http.StatusOK, again.StatusCode)
	require.Equal(t, "true", again.Headers["Idempotent-Replayed"])
	require.Equal(t, created.Body, again.Body)
	require.Equal(t, http.StatusConflict, request(t, create, testworld.Post(uuid.NewString(), first)).StatusCode)

	second := d.order()
	secondID := createDirectly(t, create, user, second)
	wrong := d.order()
	wrong.DeliveryPrice++
	require.Equal(t, http.StatusUnprocessableEntity, request(t, create, testworld.Post(user, wrong)).StatusCode)

	update := d.Start(t, testworld.TableUpdate)
	require.Empty(t, publish(t, update, d.streamRecords(t)))
	require.Equal(t, []string{"OrderCreated " + id, "OrderCreated " + secondID}, d.published())
	require.Contains(t, string(d.bus.Events()[0].Detail), first.PaymentToken, "payment needs it")

	d.fulfil(t, id)
	records := d.streamRecords(t)
	require.Len(t, records, 4)
	require.Empty(t, publish(t, update, records[2:]))
	require.Equal(t, []string{"OrderModified " + id, "OrderModified " + id}, d.published()[2:])
	require.Contains(t, string(d.bus.Events()[2].Detail), `"changed":["history","modifiedDate","products","status","total"]`)

	d.read(t, user, id, secondID)
	d.Close(t)
	require.Equal(t, map[string]int{"orderCreated": 2, "orderPackaged": 1, "orderFulfilled": 1}, d.counted(t))
	require.Eventually(t, func() bool { return strings.Contains(d.Traces.String(), `"PutItem"`) }, time.Minute, time.Millisecond)
}

func createDirectly(t *testing.T, create *lambdaruntime.Function, user string, o any) (id string) {
	response, err := invoke(t, create, map[string]any{"userId": user, "order": o})
	require.NoError(t, err)
	var direct struct {
		Success bool
		Message string
		Order   struct{ OrderID, PaymentToken string }
	}
	require.NoError(t, json.Unmarshal(response, &direct))
	require.True(t, direct.Success, string(response))
	require.Equal(t, "Order created", direct.Message)
	require.True(t, strings.HasPrefix(direct.Order.PaymentToken, secret))
	return direct.Order.OrderID
}

// fulfil packs the first product of an order, twice, and delivers it.
func (d *deployment) fulfil(t *testing.T, id string) {
	update := d.Start(t, testworld.OnEvents)
	packed := testworld.FulfilmentUpdate("ecommerce.warehouse", "PackageCreated", map[string]any{"orderId": id, "products": []map[string]any{
		{"productId": d.catalogue[0].ProductID, "quantity": 1},
		{"productId": "__metadata", "orderId": id, "status": "COMPLETED", "modifiedDate": "2026-02-03T04:05:06Z"},
	}}, id)
	delivered := testworld.FulfilmentUpdate("ecommerce.delivery", "DeliveryCompleted", map[string]any{"orderId": id}, id)
	for _, event := range []map[string]any{packed, packed, delivered, packed} {
		_, err := invoke(t, update, event)
		require.NoError(t, err)
	}
	_, err := invoke(t, update, testworld.FulfilmentUpdate("ecommerce.delivery", "DeliveryCompleted", map[string]any{}, uuid.NewString()))
	require.ErrorContains(t, err, "Order not found", "an event for an unknown order must end in the dead-letter queue")
}

// read gets both orders in every way that get-order offers.
func (d *deployment) read(t *testing.T, user, id, secondID string) {
	read := d.Start(t, testworld.GetOrder)
	backend := request(t, read, testworld.Get("/backend/{orderId}", "", id))
	require.Equal(t, http.StatusOK, backend.StatusCode)
	require.Equal(t, "FULFILLED", backend.json(t)["status"])
	require.Len(t, backend.json(t)["products"], 1)
	require.Contains(t, backend.json(t)["paymentToken"], secret)

	own := request(t, read, testworld.Get("/orders/{orderId}", user, id))
	require.Equal(t, http.StatusOK, own.StatusCode)
	require.Equal(t, id, own.json(t)["orderId"])
	require.NotContains(t, own.json(t), "paymentToken")
	require.Equal(t, http.StatusNotFound, request(t, read, testworld.Get("/orders/{orderId}", uuid.NewString(), id)).StatusCode)
	require.Equal(t, http.StatusNotFound, request(t, read, testworld.Get("/backend/{orderId}", "", uuid.NewString())).StatusCode)

	page := func(token string) (orders []any, next string) {
		response := request(t, read, testworld.Request("GET", "/orders", user, func(r *events.APIGatewayProxyRequest) {
			r.QueryStringParameters = map[string]string{"limit": "1"}
			if token != "" {
				r.QueryStringParameters["nextToken"] = token
			}
		}))
		require.Equal(t, http.StatusOK, response.StatusCode, response.Body)
		next, _ = response.json(t)["nextToken"].(string)
		return response.json(t)["orders"].([]any), next
	}
	newest, next := page("")
	require.Equal(t, secondID, newest[0].(map[string]any)["orderId"])
	oldest, _ := page(next)
	require.Equal(t, id, oldest[0].(map[string]any)["orderId"])
}

// counted returns the metrics that the functions have logged, but for sums of money. Every line
// must be JSON.
func (d *deployment) counted(t *testing.T) map[string]int {
	counts := map[string]int{}
	for _, line := range d.Log.Lines(t) {
		for name, value := range line {
			if n, isNumber := value.(float64); isNumber && strings.HasPrefix(name, "order") && name != "orderCreatedTotal" {
				counts[name] += int(n)
			}
		}
	}
	return counts
}
