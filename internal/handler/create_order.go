package handler

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"orders/internal/order"
)

// CreateOrder is the function that stores new orders. It takes two events: API Gateway's proxy event of
// POST /orders, and the direct invocation {"userId", "order"} by services that vouch for the user themselves.
// It never answers with a function error for what a caller can cause.
type CreateOrder struct {
	Orders  *order.Service
	Metrics Metrics
	Log     *slog.Logger
}

// Invoke answers one event.
func (h *CreateOrder) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	ctx, cancel := withReserve(ctx)
	defer cancel()
	if request, ok := proxyRequest(event); ok {
		return h.http(ctx, request)
	}
	return h.direct(ctx, event)
}

// proxyRequest reads API Gateway's event; false if it is another.
func proxyRequest(event []byte) (request events.APIGatewayProxyRequest, ok bool) {
	err := json.Unmarshal(event, &request)
	return request, err == nil && request.HTTPMethod != ""
}

func (h *CreateOrder) http(ctx context.Context, request events.APIGatewayProxyRequest) ([]byte, error) {
	userID, err := userOf(request)
	if err != nil {
		return failed(err)
	}
	body, err := bodyOf(request)
	if err != nil {
		return failed(err)
	}
	stored, replayed, err := h.create(ctx, userID, body)
	if err != nil {
		return failed(err)
	}
	if replayed {
		return answer(http.StatusOK, stored.Public(), map[string]string{"Idempotent-Replayed": "true"})
	}
	return answer(http.StatusCreated, stored.Public(), map[string]string{"Location": "/orders/" + stored.OrderID})
}

func bodyOf(request events.APIGatewayProxyRequest) ([]byte, error) {
	if !request.IsBase64Encoded {
		return []byte(request.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(request.Body)
	if err != nil {
		return nil, &order.Error{Kind: order.Invalid, Message: "Invalid JSON", Details: []string{"The body must be JSON: it is not valid base64"}}
	}
	return body, nil
}

// create parses and stores an order, counts it and writes down how it went.
func (h *CreateOrder) create(ctx context.Context, userID string, body []byte) (order.Order, bool, error) {
	request, err := order.ParseRequest(body)
	if err != nil {
		logFailure(ctx, h.Log, "request refused", "", err)
		return order.Order{}, false, err
	}
	orderID := slog.String("orderId", order.IDFor(request.PaymentToken))
	stored, replayed, err := h.Orders.Create(ctx, userID, request)
	switch {
	case err != nil:
		logFailure(ctx, h.Log, "order not created", orderID.Value.String(), err)
		h.countUnavailable(ctx, orderID.Value.String(), err)
	case replayed:
		h.Log.InfoContext(ctx, "order was already created", orderID)
	default:
		h.Log.InfoContext(ctx, "order created", orderID)
		h.Metrics.Count(ctx, stored.OrderID, map[string]int64{MetricOrderCreated: 1, MetricOrderCreatedTotal: stored.Total})
	}
	return stored, replayed, err
}

// countUnavailable counts a request for an order that was in vain by no fault of the caller's. Nothing else tells operators of all of
// them: to Lambda a direct invocation that was answered went well, and API Gateway never sees it.
func (h *CreateOrder) countUnavailable(ctx context.Context, orderID string, err error) {
	switch order.KindOf(err) {
	case order.CheckFailed, order.Unavailable:
		h.Metrics.Count(ctx, orderID, map[string]int64{MetricOrderUnavailable: 1})
	}
}
