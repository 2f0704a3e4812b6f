package handler

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"

	"orders/internal/order"
)

// The sizes of a page of orders.
const (
	defaultLimit = 20
	maxLimit     = 100
)

// GetOrder is the function that reads orders: GET /backend/{orderId} for services that sign their
// requests, GET /orders/{orderId} and GET /orders for users.
type GetOrder struct {
	Orders    *order.Service
	Responses Responses // nil counts none
	Log       *slog.Logger
}

// Invoke handles one proxy event of API Gateway.
func (h *GetOrder) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	ctx, cancel := withReserve(ctx)
	defer cancel()
	request, ok := parseProxyRequest(event)
	if !ok {
		return h.reject(ctx, request, &order.Error{
			Kind: order.Invalid, Message: "Invalid event", Details: []string{"The event must be one of API Gateway's proxy events"},
		})
	}
	body, err := h.handle(ctx, request)
	if err != nil {
		return h.reject(ctx, request, err)
	}
	h.logDebug(ctx, request)
	countResponse(ctx, h.Responses, nil)
	return respond(http.StatusOK, body, nil)
}

func (h *GetOrder) reject(ctx context.Context, request proxyRequest, err error) ([]byte, error) {
	userID, _ := request.userID()
	logRejection(ctx, h.Log, "request rejected", userID, loggable(request.PathParameters["orderId"]), err)
	countResponse(ctx, h.Responses, err)
	return respondError(err)
}

// logDebug logs what was read, at DEBUG only, because there are far more reads than changes.
func (h *GetOrder) logDebug(ctx context.Context, request proxyRequest) {
	if !h.Log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attributes := []slog.Attr{slog.String("resource", request.Resource)}
	if orderID := loggable(request.PathParameters["orderId"]); orderID != "" {
		attributes = append(attributes, slog.String("orderId", orderID))
	}
	h.Log.LogAttrs(ctx, slog.LevelDebug, "request completed", attributes...)
}

func (h *GetOrder) handle(ctx context.Context, request proxyRequest) (any, error) {
	switch request.route() {
	case "GET /backend/{orderId}":
		return h.getAny(ctx, request)
	case "GET /orders/{orderId}":
		return h.getOwn(ctx, request)
	case "GET /orders":
		return h.list(ctx, request)
	}
	return nil, &order.Error{Kind: order.NotFound, Message: "Not found"}
}

func (h *GetOrder) getAny(ctx context.Context, request proxyRequest) (any, error) {
	if request.Context.Identity.UserARN == "" {
		return nil, errUnauthorized
	}
	orderID, err := orderIDOf(request)
	if err != nil {
		return nil, err
	}
	o, err := h.Orders.Get(ctx, orderID)
	return wholeOrder(o), err
}

func (h *GetOrder) getOwn(ctx context.Context, request proxyRequest) (any, error) {
	userID, err := request.userID()
	if err != nil {
		return nil, err
	}
	orderID, err := orderIDOf(request)
	if err != nil {
		return nil, err
	}
	o, err := h.Orders.GetFor(ctx, userID, orderID)
	return o.Public(), err
}

func orderIDOf(request proxyRequest) (string, error) {
	if orderID := request.PathParameters["orderId"]; orderID != "" {
		return orderID, nil
	}
	return "", &order.Error{Kind: order.Invalid, Message: "Missing orderId", Details: []string{"orderId: is required in the path"}}
}

// An orderList is the response to GET /orders.
type orderList struct {
	Orders    []order.Order `json:"orders"`
	NextToken string        `json:"nextToken,omitempty"`
}

func (h *GetOrder) list(ctx context.Context, request proxyRequest) (any, error) {
	userID, err := request.userID()
	if err != nil {
		return nil, err
	}
	limit, err := limitOf(request)
	if err != nil {
		return nil, err
	}
	after, err := positionOf(request)
	if err != nil {
		return nil, err
	}
	page, err := h.Orders.List(ctx, userID, limit, after)
	if err != nil {
		return nil, err
	}
	list := orderList{Orders: make([]order.Order, len(page.Orders))}
	for i, o := range page.Orders {
		list.Orders[i] = o.Public()
	}
	if page.Next != nil {
		list.NextToken = page.Next.Token()
	}
	return list, nil
}

func limitOf(request proxyRequest) (int, error) {
	text, given := request.Query["limit"]
	if !given {
		return defaultLimit, nil
	}
	limit, err := strconv.ParseUint(text, 10, 8)
	if err != nil || limit < 1 || limit > maxLimit {
		return 0, &order.Error{Kind: order.Invalid, Message: "Invalid limit", Details: []string{"limit: must be an integer from 1 to 100"}}
	}
	return int(limit), nil
}

func positionOf(request proxyRequest) (*order.Position, error) {
	token, given := request.Query["nextToken"]
	if !given {
		return nil, nil
	}
	position, err := order.ParsePosition(token)
	return &position, err
}
