package handler_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"orders/internal/dynamo/streamimage"
	"orders/internal/handler"
	"orders/internal/memory"
	"orders/internal/order"
)

// The benchmarks run the handlers over fakes in memory and so measure the service's own work.

// A benchStore always has the same order and accepts every write, so that it does not grow.
type benchStore struct {
	memory.Store
	order order.Order
}

func (s *benchStore) Create(context.Context, order.Order) (*order.Order, error) { return nil, nil }

func (s *benchStore) Get(context.Context, string) (order.Order, error) { return s.order, nil }

func (s *benchStore) Update(_ context.Context, _ string, change func(order.Progress) (order.Progress, error)) (bool, error) {
	_, err := change(s.order.Progress())
	return true, err
}

// noMetrics discards counts.
type noMetrics struct{}

func (noMetrics) Count(context.Context, string, map[string]int64) {}

func (noMetrics) CountResponse(context.Context, string, bool, map[string]int64) {}

// A benchBus accepts every event.
type benchBus struct{}

func (benchBus) Publish(_ context.Context, events []order.Event) []error {
	return make([]error, len(events))
}

// benchRequest returns a request for five products. benchOrder returns the order that it creates.
func benchRequest() map[string]any {
	products := make([]any, 5)
	for i := range products {
		products[i] = map[string]any{
			"productId": fmt.Sprintf("00000000-0000-4000-8000-%012d", i), "name": "Kettle", "price": 1000 + i, "quantity": i + 1,
			"package": map[string]any{"width": 200, "length": 150, "height": 50, "weight": 300},
		}
	}
	return map[string]any{
		"products": products, "deliveryPrice": 1000, "paymentToken": "bench-token",
		"address": map[string]any{
			"name": "Ada Example", "companyName": "Example", "streetAddress": "100 Sample Street", "postCode": "75001", "city": "Paris",
			"state": "Paris", "country": "FR", "phoneNumber": "+33-1-99-00-01-02",
		},
	}
}

func benchOrder(b *testing.B) order.Order {
	document := benchRequest()
	for name, value := range map[string]any{
		"orderId": order.IDFor("bench-token"), "userId": "ada", "status": "NEW", "total": 41040,
		"createdDate": "2020-05-01T12:00:00.123456Z", "modifiedDate": "2020-05-01T12:00:00.123456Z",
	} {
		document[name] = value
	}
	o, err := order.FromDocument(benchJSON(b, document))
	require.NoError(b, err)
	return o
}

func benchJSON(b *testing.B, v any) []byte {
	text, err := json.Marshal(v)
	require.NoError(b, err)
	return text
}

// benchmark invokes a handler repeatedly, and checks its first response.
func benchmark(b *testing.B, expect string, event []byte, h interface {
	Invoke(context.Context, []byte) ([]byte, error)
}) {
	response, err := h.Invoke(b.Context(), event)
	require.NoError(b, err)
	require.Contains(b, string(response), expect)
	b.ReportAllocs()
	b.SetBytes(int64(len(event)))
	for b.Loop() {
		if _, err := h.Invoke(b.Context(), event); err != nil {
			b.Fatal(err)
		}
	}
}

func benchOrders(b *testing.B) *order.Service {
	return &order.Service{Store: &benchStore{order: benchOrder(b)}, Checkers: []order.Checker{&checker{}, &checker{}, &checker{}}}
}

func BenchmarkCreateOrder(b *testing.B) {
	h := &handler.CreateOrder{Orders: benchOrders(b), Metrics: noMetrics{}, Log: slog.New(slog.DiscardHandler)}
	b.Run("direct", func(b *testing.B) {
		benchmark(b, `"success":true`, benchJSON(b, map[string]any{"userId": "ada", "order": benchRequest()}), h)
	})
	b.Run("http", func(b *testing.B) {
		event := proxyEvent("POST", "/orders", "ada", func(r *events.APIGatewayProxyRequest) { r.Body = string(benchJSON(b, benchRequest())) })
		benchmark(b, `"statusCode":201`, event, h)
	})
}

func BenchmarkGetOrder(b *testing.B) {
	h := &handler.GetOrder{Orders: benchOrders(b), Metrics: noMetrics{}, Log: slog.New(slog.DiscardHandler)}
	event := proxyEvent("GET", "/orders/{orderId}", "ada", func(r *events.APIGatewayProxyRequest) {
		r.PathParameters = map[string]string{"orderId": order.IDFor("bench-token")}
	})
	benchmark(b, `"statusCode":200`, event, h)
}

func BenchmarkOnEvents(b *testing.B) {
	h := &handler.OnEvents{Orders: benchOrders(b), Metrics: noMetrics{}, Log: slog.New(slog.DiscardHandler)}
	event := benchJSON(b, map[string]any{
		"id": "1", "source": "ecommerce.warehouse", "detail-type": "PackageCreated", "resources": []string{order.IDFor("bench-token")},
		"detail": map[string]any{"orderId": order.IDFor("bench-token"), "products": benchRequest()["products"]},
	})
	benchmark(b, "null", event, h)
}

func BenchmarkTableUpdate100Records(b *testing.B) {
	stream, err := streamimage.Encode(benchOrder(b).Document)
	require.NoError(b, err)
	records := make([]string, 100)
	for i := range records {
		records[i] = record("INSERT", fmt.Sprintf("00000000-0000-4000-8000-%012d", i), fmt.Sprint(i+1), "", string(stream))
	}
	h := &handler.TableUpdate{
		Publisher:   benchBus{},
		Image:       streamimage.Parse,
		TraceHeader: func(context.Context) string { return "" },
		Log:         slog.New(slog.DiscardHandler),
	}
	benchmark(b, `"batchItemFailures":[]`, batch(records...), h)
}
