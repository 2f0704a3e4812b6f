package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"orders/internal/order"
	"orders/internal/strictjson"
)

// CreateOrder is the function that stores new orders. It accepts two events: API Gateway's proxy
// event of POST /orders, and the direct invocation {"userId", "order"} by services that vouch for
// the user. It never returns a function error for anything that a caller can cause.
type CreateOrder struct {
	Orders  *order.Service
	Metrics ResponseMetrics
	Log     *slog.Logger
}

// Invoke handles one event.
func (h *CreateOrder) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	ctx, cancel := withReserve(ctx)
	defer cancel()
	if request, ok := parseProxyRequest(event); ok {
		userID, body, err := readHTTP(request)
		return respondHTTP(h.create(ctx, userID, body, err))
	}
	userID, body, err := readDirect(event)
	return respondDirect(h.create(ctx, userID, body, err))
}

// create stores the order of a valid event, and logs and counts the result.
func (h *CreateOrder) create(ctx context.Context, userID string, body []byte, invalidEvent error) (stored order.Order, replayed bool, err error) {
	var request order.Request
	if err = invalidEvent; err == nil {
		request, err = order.ParseRequest(body)
	}
	var orderID string
	if err == nil {
		orderID = order.IDFor(request.PaymentToken)
		stored, replayed, err = h.Orders.Create(ctx, userID, request)
	}
	var counts map[string]int64
	switch {
	case err != nil:
		logRejection(ctx, h.Log, "order rejected", userID, orderID, err)
		counts = failureCounts(err)
	case replayed:
		h.Log.InfoContext(ctx, "order replayed", slog.String("orderId", orderID))
	default:
		h.Log.InfoContext(ctx, "order created", slog.String("orderId", orderID))
		counts = map[string]int64{MetricOrderCreated: 1, MetricOrderCreatedTotal: stored.Total}
	}
	h.Metrics.CountResponse(ctx, orderID, isServerError(err), counts)
	return stored, replayed, err
}

// failureCounts returns what to count for a create request that failed although the caller did
// nothing wrong. No other metric has all of them: to Lambda, a direct invocation that got a
// response succeeded, and API Gateway never sees it.
func failureCounts(err error) map[string]int64 {
	switch order.KindOf(err) {
	case order.CheckFailed, order.Unavailable:
		return map[string]int64{MetricOrderUnavailable: 1}
	case order.Unreadable:
		return map[string]int64{MetricOrderUnreadable: 1}
	}
	return nil
}

func readHTTP(request proxyRequest) (userID string, body []byte, err error) {
	if userID, err = request.userID(); err != nil {
		return "", nil, err
	}
	body, err = request.decodeBody()
	return userID, body, err
}

func respondHTTP(stored order.Order, replayed bool, err error) ([]byte, error) {
	switch {
	case err != nil:
		return respondError(err)
	case replayed:
		return respond(http.StatusOK, stored.Public(), map[string]string{"Idempotent-Replayed": "true"})
	}
	return respond(http.StatusCreated, stored.Public(), map[string]string{"Location": "/orders/" + stored.OrderID})
}

// maxUserIDBytes is the longest key of the table's user index.
const maxUserIDBytes = 2048

// readDirect splits a direct event. The order's bytes stay as they were sent, so that their size is
// the sender's and every error in them is found.
func readDirect(event []byte) (userID string, body []byte, err error) {
	invalid := func(errs ...string) error {
		return &order.Error{Kind: order.Invalid, Message: "Invalid event", Details: errs}
	}
	members, err := strictjson.Members(event)
	if err != nil {
		return "", nil, invalid("event: " + err.Error())
	}
	var missing []string
	for _, name := range []string{"order", "userId"} {
		if _, ok := members[name]; !ok {
			missing = append(missing, fmt.Sprintf("Missing %s in event", name))
		}
	}
	if missing != nil {
		return "", nil, invalid(missing...)
	}
	if err := json.Unmarshal(members["userId"], &userID); err != nil || userID == "" {
		return "", nil, invalid("userId in event must be a string that is not empty")
	}
	if len(userID) > maxUserIDBytes {
		return "", nil, invalid(fmt.Sprintf("userId in event must be at most %d bytes", maxUserIDBytes))
	}
	return userID, members["order"], nil
}

// A directResponse is the response to a direct invocation, whatever its result.
type directResponse struct {
	Success bool     `json:"success"`
	Message string   `json:"message"`
	Order   any      `json:"order,omitempty"`
	Errors  []string `json:"errors,omitempty"`
}

func respondDirect(stored order.Order, _ bool, err error) ([]byte, error) {
	if err == nil {
		return strictjson.Marshal(directResponse{Success: true, Message: "Order created", Order: wholeOrder(stored)})
	}
	e, ok := errors.AsType[*order.Error](err)
	if !ok {
		e = order.StoreError(err)
	}
	return strictjson.Marshal(directResponse{Message: e.Message, Errors: e.Details})
}
