package handler_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// putUnreadable stores an item that cannot be read as the order that it replaces.
func (s *shop) putUnreadable(t *testing.T, o order.Order) (document string) {
	text, err := json.Marshal(o)
	require.NoError(t, err)
	document = strings.Replace(string(text), `"total":`, `"total":"s3cret","was":`, 1)
	require.NoError(t, s.store.Put(t.Context(), []byte(document)))
	return document
}

// requireReported requires that the order was counted once, and logged as an error.
func (s *shop) requireReported(t *testing.T, o order.Order) {
	t.Helper()
	require.Equal(t, map[string]int64{"orderUnreadable": 1}, s.counter.counts)
	require.Contains(t, s.output.String(), `"level":"ERROR"`)
	require.Contains(t, s.output.String(), `"orderId":"`+o.OrderID+`"`)
	require.Contains(t, s.output.String(), "/total: must be an integer")
	require.NotContains(t, s.output.String(), "s3cret")
}

func TestBackendGetsAnUnreadableItemUninterpreted(t *testing.T) {
	s, o := newShop(), ordertest.Sample()
	document := s.putUnreadable(t, o)
	got := invoke(t, getOrder(s), proxyEvent("GET", "/backend/{orderId}", "", path(o.OrderID), signed))
	require.Equal(t, http.StatusOK, got.status)
	require.JSONEq(t, document, got.text)
	s.requireReported(t, o)
}

func TestUsersGetA500ForTheirUnreadableOrder(t *testing.T) {
	s, o := newShop(), ordertest.Sample()
	s.putUnreadable(t, o)
	got := invoke(t, getOrder(s), proxyEvent("GET", "/orders/{orderId}", "another", path(o.OrderID)))
	require.Equal(t, http.StatusNotFound, got.status)
	require.Equal(t, map[string]any{"message": "Order not found"}, got.body)
	require.Empty(t, s.counter.counts)

	got = invoke(t, getOrder(s), proxyEvent("GET", "/orders/{orderId}", o.UserID, path(o.OrderID)))
	require.Equal(t, http.StatusInternalServerError, got.status)
	require.Equal(t, map[string]any{"message": "Order cannot be read"}, got.body)
	s.requireReported(t, o)
}

func TestListsOmitUnreadableOrders(t *testing.T) {
	s, o := newShop(), ordertest.Sample()
	s.putUnreadable(t, o)
	other := s.stored(t, func(other *order.Order) { other.UserID = o.UserID })
	got := invoke(t, getOrder(s), proxyEvent("GET", "/orders", o.UserID))
	require.Equal(t, http.StatusOK, got.status)
	require.Len(t, got.body["orders"], 1)
	require.Equal(t, other.OrderID, got.body["orders"].([]any)[0].(map[string]any)["orderId"])
	s.requireReported(t, o)
}

func TestReplayOfAnUnreadableOrder(t *testing.T) {
	for name, check := range map[string]error{"checks accept": nil, "a check rejects": rejection(order.Rejected, "no")} {
		t.Run(name, func(t *testing.T) {
			s, o := newShop(), ordertest.Sample()
			s.checker.err = check
			s.putUnreadable(t, o)
			got := invoke(t, createOrder(s), post(o.UserID, ordertest.Request(o)))
			require.Equal(t, http.StatusInternalServerError, got.status)
			require.Equal(t, map[string]any{"message": "Order cannot be read"}, got.body)
			s.requireReported(t, o)

			direct := invokeDirect(t, s, directEvent(o.UserID, ordertest.Request(o)))
			require.Equal(t, map[string]any{"success": false, "message": "Order cannot be read", "errors": []any{"The order is stored, but cannot be read"}}, direct)
		})
	}
}

func TestUpdatesOfUnreadableOrders(t *testing.T) {
	s, o := newShop(), ordertest.Sample()
	s.putUnreadable(t, o)
	_, err := onEvents(s).Invoke(t.Context(), busEvent("ecommerce.delivery", "DeliveryCompleted", `{}`, o.OrderID))
	require.ErrorContains(t, err, "/total: must be an integer")
	require.Contains(t, s.output.String(), `"msg":"fulfilment update failed"`)
	require.NotContains(t, s.output.String(), "s3cret")

	missing := order.IDFor("missing")
	require.NoError(t, s.store.Put(t.Context(), []byte(`{"orderId":"`+missing+`","userId":"u"}`)))
	s.output.Reset()
	_, err = onEvents(s).Invoke(t.Context(), busEvent("ecommerce.delivery", "DeliveryCompleted", `{}`, missing))
	require.NoError(t, err, "an order without a status is left unchanged")
	require.Contains(t, s.output.String(), `"level":"WARN"`)
	require.Contains(t, s.output.String(), `"reason":"unknown_status"`)
}

// wholePages is a store whose pages end only at their limit: DynamoDB's page of 1 MB can have more
// bytes as JSON than the memory store's.
type wholePages struct{ *memory.Store }

func (s wholePages) List(ctx context.Context, q order.Query) (page order.Page, err error) {
	for page.Next = q.After; len(page.Orders) < q.Limit; {
		more, err := s.Store.List(ctx, order.Query{UserID: q.UserID, Limit: q.Limit - len(page.Orders), After: page.Next})
		if err != nil {
			return page, err
		}
		page.Orders, page.Next = append(page.Orders, more.Orders...), more.Next
		if more.Next == nil {
			break
		}
	}
	return page, nil
}

// Control characters take up to seven bytes each in a response, and the body is escaped once more.
func TestListResponsesStayBelow5MB(t *testing.T) {
	s := newShop()
	const count = 60
	stored := map[string]bool{}
	for range count {
		o := s.stored(t, func(o *order.Order) {
			o.UserID = "ida"
			o.Products[0].Name, o.Address.Name = strings.Repeat("\x01", 9000), strings.Repeat(`"\`, 4000)
		})
		stored[o.OrderID] = true
	}
	s.orders.Store = wholePages{s.store}
	token := map[string]string{"limit": "100"}
	pages := 0
	for ; pages <= count; pages++ {
		event := proxyEvent("GET", "/orders", "ida", query(token))
		response, err := getOrder(s).Invoke(t.Context(), event)
		require.NoError(t, err)
		require.Less(t, len(response), 5_010_000)
		got := invoke(t, getOrder(s), event)
		require.NotEmpty(t, got.body["orders"])
		for _, o := range got.body["orders"].([]any) {
			orderID := o.(map[string]any)["orderId"].(string)
			require.True(t, stored[orderID], "once")
			delete(stored, orderID)
		}
		next, more := got.body["nextToken"].(string)
		if !more {
			break
		}
		token["nextToken"] = next
	}
	require.Empty(t, stored)
	require.Greater(t, pages, 0)
}
