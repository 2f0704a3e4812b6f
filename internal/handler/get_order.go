package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"orders/internal/order"
	"orders/internal/strictjson"
)

// The sizes of a page of orders.
const (
	defaultLimit = 20
	maxLimit     = 100
)

// GetOrder is the function that reads orders: GET /backend/{orderId} for services that sign their
// requests, GET /orders/{orderId} and GET /orders for users.
type GetOrder struct {
	Orders  *order.Service
	Metrics ResponseMetrics
	Log     *slog.Logger
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
	h.Metrics.CountResponse(ctx, "", false, nil)
	if _, isList := body.(orderList); isList {
		return respond(http.StatusOK, body, nil)
	}
	return respondTagged(request, body)
}

func (h *GetOrder) reject(ctx context.Context, request proxyRequest, err error) ([]byte, error) {
	if item, ok := errors.AsType[*order.UnreadableItem](err); ok {
		reportUnreadable(ctx, h.Log, h.Metrics, item)
	} else {
		userID, _ := request.userID()
		logRejection(ctx, h.Log, "request rejected", userID, loggable(request.PathParameters["orderId"]), err)
	}
	h.Metrics.CountResponse(ctx, "", isServerError(err), nil)
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
	if item, ok := errors.AsType[*order.UnreadableItem](err); ok {
		reportUnreadable(ctx, h.Log, h.Metrics, item)
		return item.Document, nil
	}
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

// maxListBytes keeps the response to GET /orders below Lambda's 6 MB.
const maxListBytes = 5_000_000

// An orderList is the body of the response to GET /orders.
type orderList struct {
	Orders    []json.RawMessage `json:"orders"`
	NextToken string            `json:"nextToken,omitempty"`
}

// newOrderList returns as many orders of a page as fit into a response, at least one.
func newOrderList(page order.Page) (orderList, error) {
	list, next, size := orderList{Orders: []json.RawMessage{}}, page.Next, 0
	for i, o := range page.Orders {
		text, err := strictjson.Marshal(o.Public())
		if err != nil {
			return orderList{}, err
		}
		// The body becomes a JSON string, which escapes each quote and backslash again.
		size += len(text) + bytes.Count(text, []byte{'"'}) + bytes.Count(text, []byte{'\\'}) + len(",")
		if i > 0 && size > maxListBytes {
			last := page.Orders[i-1]
			next = &order.Position{CreatedDate: last.CreatedDate, OrderID: last.OrderID}
			break
		}
		list.Orders = append(list.Orders, text)
	}
	if next != nil {
		list.NextToken = next.Token()
	}
	return list, nil
}

func (h *GetOrder) list(ctx context.Context, request proxyRequest) (any, error) {
	userID, err := request.userID()
	if err != nil {
		return nil, err
	}
	status, err := statusOf(request)
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
	page, err := h.Orders.List(ctx, order.Query{UserID: userID, Status: status, Limit: limit, After: after})
	if err != nil {
		return nil, err
	}
	for _, item := range page.Unreadable {
		reportUnreadable(ctx, h.Log, h.Metrics, item)
	}
	return newOrderList(page)
}

// statusOf returns the status that a list is restricted to, or the empty string.
func statusOf(request proxyRequest) (order.Status, error) {
	text, given := request.query("status")
	if !given {
		return "", nil
	}
	if status := order.Status(text); status.Known() {
		return status, nil
	}
	var names []string
	for _, status := range order.Statuses() {
		names = append(names, string(status))
	}
	return "", &order.Error{Kind: order.Invalid, Message: "Invalid status", Details: []string{
		"status: must be exactly one of " + strings.Join(names, ", "),
	}}
}

func limitOf(request proxyRequest) (int, error) {
	text, given := request.query("limit")
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
	token, given := request.query("nextToken")
	if !given {
		return nil, nil
	}
	position, err := order.ParsePosition(token)
	return &position, err
}
