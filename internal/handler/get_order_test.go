package handler_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

func getOrder(s *shop) *handler.GetOrder {
	return &handler.GetOrder{Orders: s.orders, Metrics: s.counter, Log: s.log}
}

func path(orderID string) func(*events.APIGatewayProxyRequest) {
	return func(r *events.APIGatewayProxyRequest) { r.PathParameters = map[string]string{"orderId": orderID} }
}

func signed(r *events.APIGatewayProxyRequest) {
	r.RequestContext.Identity.UserArn = "arn:aws:sts::123456789012:assumed-role/delivery/session"
}

func query(values map[string]string) func(*events.APIGatewayProxyRequest) {
	return func(r *events.APIGatewayProxyRequest) { r.QueryStringParameters = values }
}

func (s *shop) stored(t *testing.T, edit ...func(*order.Order)) order.Order {
	o := ordertest.Sample(edit...)
	_, err := s.store.Create(t.Context(), o)
	require.NoError(t, err)
	return o
}

func TestBackendGetsTheWholeOrder(t *testing.T) {
	s := newShop()
	o := s.stored(t)
	got := invoke(t, getOrder(s), proxyEvent("GET", "/backend/{orderId}", "", path(o.OrderID), signed))
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, o.OrderID, got.body["orderId"], "the bare order, not {\"order\": ...}")
	require.Equal(t, string(o.PaymentToken), got.body["paymentToken"])

	original := order.IDFor("original")
	require.NoError(t, s.store.Put(t.Context(), ordertest.Original(original, "u")))
	got = invoke(t, getOrder(s), proxyEvent("GET", "/backend/{orderId}", "", path(original), signed))
	require.JSONEq(t, string(ordertest.Original(original, "u")), got.text, "nothing that is stored is lost")
}

func TestBackendRejections(t *testing.T) {
	s := newShop()
	o := s.stored(t)
	for name, c := range map[string]struct {
		event  []byte
		status int
		body   map[string]any
	}{
		"no signature":   {proxyEvent("GET", "/backend/{orderId}", "user", path(o.OrderID)), 401, map[string]any{"message": "Unauthorized"}},
		"no id":          {proxyEvent("GET", "/backend/{orderId}", "", signed), 400, map[string]any{"message": "Missing orderId", "errors": jsonList("orderId: is required in the path")}},
		"unknown id":     {proxyEvent("GET", "/backend/{orderId}", "", path(order.IDFor("none")), signed), 404, map[string]any{"message": "Order not found"}},
		"not a UUID":     {proxyEvent("GET", "/backend/{orderId}", "", path("../orders"), signed), 404, map[string]any{"message": "Order not found"}},
		"UUID in braces": {proxyEvent("GET", "/backend/{orderId}", "", path("{"+o.OrderID+"}"), signed), 404, map[string]any{"message": "Order not found"}},
		"other route":    {proxyEvent("GET", "/elsewhere", "", signed), 404, map[string]any{"message": "Not found"}},
		"other method":   {proxyEvent("DELETE", "/backend/{orderId}", "", path(o.OrderID), signed), 404, map[string]any{"message": "Not found"}},
		"other event":    {[]byte(`{"orderId":"x"}`), 400, map[string]any{"message": "Invalid event", "errors": jsonList("The event must be one of API Gateway's proxy events")}},
		"no event":       {[]byte(`nope`), 400, map[string]any{"message": "Invalid event", "errors": jsonList("The event must be one of API Gateway's proxy events")}},
	} {
		t.Run(name, func(t *testing.T) {
			got := invoke(t, getOrder(s), c.event)
			require.Equal(t, c.status, got.status)
			require.Equal(t, c.body, got.body)
		})
	}
}

func TestUsersGetTheirOwnOrders(t *testing.T) {
	s := newShop()
	o := s.stored(t)
	got := invoke(t, getOrder(s), proxyEvent("GET", "/orders/{orderId}", o.UserID, path(o.OrderID)))
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, o.OrderID, got.body["orderId"])
	require.NotContains(t, got.body, "paymentToken")

	missing := invoke(t, getOrder(s), proxyEvent("GET", "/orders/{orderId}", o.UserID, path(order.IDFor("none"))))
	others := invoke(t, getOrder(s), proxyEvent("GET", "/orders/{orderId}", "somebody else", path(o.OrderID)))
	require.Equal(t, http.StatusNotFound, others.status)
	require.Equal(t, missing, others, "another user's order looks like none")

	require.Equal(t, 401, invoke(t, getOrder(s), proxyEvent("GET", "/orders/{orderId}", "", path(o.OrderID))).status)
	require.Equal(t, 400, invoke(t, getOrder(s), proxyEvent("GET", "/orders/{orderId}", o.UserID)).status)
}

func TestUsersDoNotGetUnknownAttributes(t *testing.T) {
	s, id := newShop(), order.IDFor("original")
	require.NoError(t, s.store.Put(t.Context(), ordertest.Original(id, "u")))
	got := invoke(t, getOrder(s), proxyEvent("GET", "/orders/{orderId}", "u", path(id)))
	require.Equal(t, 200, got.status)
	require.NotContains(t, got.body, "giftWrap")
	require.NotContains(t, got.body["address"], "doorCode")
	require.EqualValues(t, 1, got.body["products"].([]any)[1].(map[string]any)["quantity"], "a quantity that is missing means 1")
}

func TestListReturnsEveryOrderOnceNewestFirst(t *testing.T) {
	s := newShop()
	var want []string
	for i := range 5 {
		o := s.stored(t, func(o *order.Order) {
			o.UserID = "u"
			o.CreatedDate = order.NewDate(time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC))
		})
		want = append([]string{o.OrderID}, want...)
	}
	s.stored(t) // somebody else's
	var got []string
	values := map[string]string{"limit": "2"}
	for range 3 {
		page := invoke(t, getOrder(s), proxyEvent("GET", "/orders", "u", query(values)))
		require.Equal(t, 200, page.status)
		for _, o := range page.body["orders"].([]any) {
			got = append(got, o.(map[string]any)["orderId"].(string))
			require.NotContains(t, o, "paymentToken")
		}
		next, more := page.body["nextToken"].(string)
		require.Equal(t, len(got) < 5, more)
		values = map[string]string{"limit": "2", "nextToken": next}
	}
	require.Equal(t, want, got)
}

func TestListWithoutOrdersIsEmpty(t *testing.T) {
	got := invoke(t, getOrder(newShop()), proxyEvent("GET", "/orders", "u"))
	require.Equal(t, 200, got.status)
	require.Equal(t, `{"orders":[]}`, got.text)
}

func TestListHasADefaultLimitOf20(t *testing.T) {
	s := newShop()
	for range 25 {
		s.stored(t, func(o *order.Order) { o.UserID = "u" })
	}
	require.Len(t, invoke(t, getOrder(s), proxyEvent("GET", "/orders", "u")).body["orders"], 20)
	require.Len(t, invoke(t, getOrder(s), proxyEvent("GET", "/orders", "u", query(map[string]string{"limit": "100"}))).body["orders"], 25)
}

func TestListRejections(t *testing.T) {
	s := newShop()
	for _, name := range []string{"limit", "nextToken"} {
		got := invoke(t, getOrder(s), proxyEvent("GET", "/orders", "u", func(r *events.APIGatewayProxyRequest) {
			r.QueryStringParameters = map[string]string{name: "5"}
			r.MultiValueQueryStringParameters = map[string][]string{name: {"5", "5"}}
		}))
		require.Equal(t, 400, got.status, "%s is given twice", name)
	}
	for _, limit := range []string{"", "0", "101", "-1", "1.0", "ten", "+5", " 5", "0x10", "256", "99999999999999999999"} {
		got := invoke(t, getOrder(s), proxyEvent("GET", "/orders", "u", query(map[string]string{"limit": limit})))
		require.Equal(t, 400, got.status, limit)
		require.Equal(t, jsonList("limit: must be an integer from 1 to 100"), got.body["errors"])
	}
	for _, token := range []string{"", "x", "e30", "bnVsbA"} {
		got := invoke(t, getOrder(s), proxyEvent("GET", "/orders", "u", query(map[string]string{"nextToken": token})))
		require.Equal(t, 400, got.status, token)
		require.Equal(t, "Invalid nextToken", got.body["message"])
	}
	require.Equal(t, 401, invoke(t, getOrder(s), proxyEvent("GET", "/orders", "")).status)
}

func TestForgedPageTokenReachesOnlyTheCallersOrders(t *testing.T) {
	s := newShop()
	theirs := s.stored(t)
	mine := s.stored(t, func(o *order.Order) {
		o.UserID = "me"
		o.CreatedDate = order.NewDate(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	})
	forged := order.Position{CreatedDate: theirs.CreatedDate, OrderID: theirs.OrderID}.Token()
	got := invoke(t, getOrder(s), proxyEvent("GET", "/orders", "me", query(map[string]string{"nextToken": forged})))
	require.Equal(t, 200, got.status)
	for _, o := range got.body["orders"].([]any) {
		require.Equal(t, mine.OrderID, o.(map[string]any)["orderId"])
	}
}

func TestReadsWhileTheTableFails(t *testing.T) {
	s := newShop()
	o := s.stored(t)
	s.failStore()
	for _, event := range [][]byte{
		proxyEvent("GET", "/backend/{orderId}", "", path(o.OrderID), signed),
		proxyEvent("GET", "/orders/{orderId}", o.UserID, path(o.OrderID)),
		proxyEvent("GET", "/orders", o.UserID),
	} {
		got := invoke(t, getOrder(s), event)
		require.Equal(t, 503, got.status)
		require.Equal(t, "Service unavailable", got.body["message"])
		require.Equal(t, "1", got.headers["Retry-After"])
	}
}

func FuzzGetOrder(f *testing.F) {
	s := newShop()
	id := order.IDFor("original")
	if err := s.store.Put(f.Context(), ordertest.Original(id, "u")); err != nil {
		f.Fatal(err)
	}
	f.Add("GET", "/backend/{orderId}", id, "20", "")
	f.Add("GET", "/orders/{orderId}", id, "x", "e30")
	f.Add("GET", "/orders", "", "101", order.Position{CreatedDate: "2020-11-05T09:41:07.280131", OrderID: id}.Token())
	f.Fuzz(func(t *testing.T, method, resource, orderID, limit, token string) {
		event := proxyEvent(method, resource, "u", path(orderID), signed, query(map[string]string{"limit": limit, "nextToken": token}))
		out, err := getOrder(s).Invoke(t.Context(), event)
		require.NoError(t, err)
		var got events.APIGatewayProxyResponse
		require.NoError(t, json.Unmarshal(out, &got))
		require.Contains(t, []int{200, 400, 404}, got.StatusCode, string(out))
	})
}
