package handler

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/aws/aws-lambda-go/events"

	"orders/internal/order"
)

// The sizes of a page of orders.
const (
	defaultLimit = 20
	maxLimit     = 100
)

// GetOrder is the function that reads orders: GET /backend/{orderId} for services that sign their requests,
// GET /orders/{orderId} and GET /orders for users.
type GetOrder struct {
	Orders *order.Service
	Log    *slog.Logger
}

// Invoke answers one event of API Gateway's.
func (h *GetOrder) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	ctx, cancel := withReserve(ctx)
	defer cancel()
	request, ok := proxyRequest(event)
	if !ok {
		return failed(&order.Error{Kind: order.Invalid, Message: "Invalid event", Details: []string{"The event must be one of API Gateway's proxy events"}})
	}
	body, err := h.route(ctx, request)
	if err != nil {
		logFailure(ctx, h.Log, "order not read", loggable(request.PathParameters["orderId"]), err)
		return failed(err)
	}
	h.tell(ctx, request)
	return answer(http.StatusOK, body, nil)
}

// tell writes down at DEBUG what was read: there are far more readings than changes.
func (h *GetOrder) tell(ctx context.Context, request events.APIGatewayProxyRequest) {
	if !h.Log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attributes := []slog.Attr{slog.String("resource", request.Resource)}
	if orderID := loggable(request.PathParameters["orderId"]); orderID != "" {
		attributes = append(attributes, slog.String("orderId", orderID))
	}
	h.Log.LogAttrs(ctx, slog.LevelDebug, "request answered", attributes...)
}

func (h *GetOrder) route(ctx context.Context, request events.APIGatewayProxyRequest) (any, error) {
	switch request.HTTPMethod + " " + request.Resource {
	case "GET /backend/{orderId}":
		return h.forBackend(ctx, request)
	case "GET /orders/{orderId}":
		return h.forUser(ctx, request)
	case "GET /orders":
		return h.list(ctx, request)
	}
	return nil, &order.Error{Kind: order.NotFound, Message: "Not found"}
}

func (h *GetOrder) forBackend(ctx context.Context, request events.APIGatewayProxyRequest) (any, error) {
	if request.RequestContext.Identity.UserArn == "" {
		return nil, errUnauthorized
	}
	orderID, err := orderIDOf(request)
	if err != nil {
		return nil, err
	}
	o, err := h.Orders.Get(ctx, orderID)
	return whole(o), err
}

func (h *GetOrder) forUser(ctx context.Context, request events.APIGatewayProxyRequest) (any, error) {
	userID, err := userOf(request)
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

func orderIDOf(request events.APIGatewayProxyRequest) (string, error) {
	if orderID := request.PathParameters["orderId"]; orderID != "" {
		return orderID, nil
	}
	return "", &order.Error{Kind: order.Invalid, Message: "Missing orderId", Details: []string{"orderId: is required in the path"}}
}

// An orderList is the answer to GET /orders.
type orderList struct {
	Orders    []order.Order `json:"orders"`
	NextToken string        `json:"nextToken,omitempty"`
}

func (h *GetOrder) list(ctx context.Context, request events.APIGatewayProxyRequest) (any, error) {
	userID, err := userOf(request)
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

func limitOf(request events.APIGatewayProxyRequest) (int, error) {
	text, given := request.QueryStringParameters["limit"]
	if !given {
		return defaultLimit, nil
	}
	limit, err := strconv.ParseUint(text, 10, 8)
	if err != nil || limit < 1 || limit > maxLimit {
		return 0, &order.Error{Kind: order.Invalid, Message: "Invalid limit", Details: []string{"limit: must be an integer from 1 to 100"}}
	}
	return int(limit), nil
}

func positionOf(request events.APIGatewayProxyRequest) (*order.Position, error) {
	token, given := request.QueryStringParameters["nextToken"]
	if !given {
		return nil, nil
	}
	position, err := order.ParsePosition(token)
	return &position, err
}
