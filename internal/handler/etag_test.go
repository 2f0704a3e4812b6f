package handler_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/order"
	"orders/internal/order/ordertest"
)

func ifNoneMatch(value string) func(*events.APIGatewayProxyRequest) {
	return func(r *events.APIGatewayProxyRequest) { r.Headers = map[string]string{"if-none-match": value} }
}

// tagOf returns the entity tag of an order, which both single reads must have.
func tagOf(t *testing.T, got response) string {
	t.Helper()
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, "private, no-cache", got.headers["Cache-Control"])
	require.Regexp(t, `^"[A-Za-z0-9_-]{22}"$`, got.headers["ETag"])
	return got.headers["ETag"]
}

func TestOrdersCanBePolledCheaply(t *testing.T) {
	s := newShop()
	o := s.stored(t)
	reads := map[string]func(...func(*events.APIGatewayProxyRequest)) response{
		"user": func(edit ...func(*events.APIGatewayProxyRequest)) response {
			return invoke(t, getOrder(s), proxyEvent("GET", "/orders/{orderId}", o.UserID, append(edit, path(o.OrderID))...))
		},
		"service": func(edit ...func(*events.APIGatewayProxyRequest)) response {
			return invoke(t, getOrder(s), proxyEvent("GET", "/backend/{orderId}", "", append(edit, path(o.OrderID), signed)...))
		},
	}
	tags := map[string]string{}
	for name, read := range reads {
		tags[name] = tagOf(t, read())
		got := read(ifNoneMatch(tags[name]))
		require.Equal(t, http.StatusNotModified, got.status)
		require.Equal(t, map[string]string{"ETag": tags[name], "Cache-Control": "private, no-cache"}, got.headers)
	}
	require.NotEqual(t, tags["user"], tags["service"], "the bodies differ in the payment token")

	_, err := s.orders.Apply(t.Context(), o.OrderID, order.FulfilmentUpdate{Status: order.Fulfilled})
	require.NoError(t, err)
	for name, read := range reads {
		changed := tagOf(t, read(ifNoneMatch(tags[name])))
		require.NotEqual(t, tags[name], changed)
		require.Equal(t, http.StatusNotModified, read(ifNoneMatch(changed)).status)
	}
}

func TestIfNoneMatch(t *testing.T) {
	s := newShop()
	o := s.stored(t)
	read := func(edit func(*events.APIGatewayProxyRequest)) response {
		return invoke(t, getOrder(s), proxyEvent("GET", "/orders/{orderId}", o.UserID, path(o.OrderID), edit))
	}
	tag := tagOf(t, read(func(*events.APIGatewayProxyRequest) {}))
	for header, status := range map[string]int{
		tag:                                304,
		"W/" + tag:                         304, // the comparison is weak
		"*":                                304,
		" * ":                              304,
		`"a", ` + tag:                      304,
		tag + `,"a"`:                       304,
		`W/"a" ,	,` + tag + ` , , "b",`:    304,
		`"a,b", ` + tag:                    304,
		"\"\u00e9\", " + tag:               304,
		`""`:                               200,
		``:                                 200,
		`,`:                                200,
		strings.Trim(tag, `"`):             200, // malformed
		tag + " " + tag:                    200,
		tag + "x":                          200,
		"w/" + tag:                         200,
		`W/ ` + tag:                        200,
		`*, ` + tag:                        200,
		tag + `, *`:                        200,
		`"a b", ` + tag:                    200,
		"\"a\x01\", " + tag:                200,
		tag + `, "`:                        200,
		`"` + strings.ToLower(tag[1:]):     200,
		strings.Repeat(`"a",`, 2040) + tag: 304,
		strings.Repeat(`"a",`, 2048) + tag: 200, // over 8 kB
	} {
		require.Equal(t, status, read(ifNoneMatch(header)).status, header)
	}
	require.Equal(t, 304, read(func(r *events.APIGatewayProxyRequest) {
		r.MultiValueHeaders = map[string][]string{"If-None-Match": {`"a"`, tag}}
	}).status)

	missing := invoke(t, getOrder(s), proxyEvent("GET", "/orders/{orderId}", o.UserID, path(order.IDFor("none")), ifNoneMatch("*")))
	require.Equal(t, 404, missing.status)
	require.Equal(t, 404, invoke(t, getOrder(s), proxyEvent("GET", "/orders/{orderId}", "another", path(o.OrderID), ifNoneMatch(tag))).status)
}

// Equal bodies have equal tags on every instance, and different bodies different ones.
func TestTagsDependOnTheBodyAlone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		first, second := ordertest.Orders().Draw(rt, "first"), ordertest.Orders().Draw(rt, "second")
		tags := map[string]string{}
		for _, o := range []order.Order{first, first, second} {
			s := newShop()
			_, err := s.store.Create(t.Context(), o)
			require.NoError(rt, err)
			got := invoke(t, getOrder(s), proxyEvent("GET", "/orders/{orderId}", o.UserID, path(o.OrderID)))
			tag := tagOf(t, got)
			if body, known := tags[tag]; known {
				require.Equal(rt, body, got.text)
			}
			tags[tag] = got.text
		}
		require.Equal(rt, tags[tagFor(t, first)] == tags[tagFor(t, second)], len(tags) == 1)
	})
}

func tagFor(t *testing.T, o order.Order) string {
	s := newShop()
	_, err := s.store.Create(t.Context(), o)
	require.NoError(t, err)
	return tagOf(t, invoke(t, getOrder(s), proxyEvent("GET", "/orders/{orderId}", o.UserID, path(o.OrderID))))
}

func TestListByStatus(t *testing.T) {
	s := newShop()
	mine := func(status order.Status) order.Order {
		return s.stored(t, func(o *order.Order) { o.UserID, o.Status = "ida", status })
	}
	packaged := mine(order.Packaged)
	mine(order.New)
	mine(order.Fulfilled)
	got := invoke(t, getOrder(s), proxyEvent("GET", "/orders", "ida", query(map[string]string{"status": "PACKAGED"})))
	require.Equal(t, http.StatusOK, got.status)
	require.Len(t, got.body["orders"], 1)
	require.Equal(t, packaged.OrderID, got.body["orders"].([]any)[0].(map[string]any)["orderId"])
	require.NotContains(t, got.headers, "ETag")

	rejected := map[string]any{"message": "Invalid status", "errors": []any{
		"status: must be exactly one of NEW, PACKAGING_FAILED, PACKAGED, DELIVERY_FAILED, FULFILLED",
	}}
	for _, values := range [][]string{{""}, {"new"}, {"SENT_BACK"}, {"NEW "}, {"NEW,PACKAGED"}, {"NEW", "PACKAGED"}, {"NEW", "NEW"}} {
		got := invoke(t, getOrder(s), proxyEvent("GET", "/orders", "ida", func(r *events.APIGatewayProxyRequest) {
			r.QueryStringParameters = map[string]string{"status": values[len(values)-1]}
			r.MultiValueQueryStringParameters = map[string][]string{"status": values}
		}))
		require.Equal(t, http.StatusBadRequest, got.status, values)
		require.Equal(t, rejected, got.body)
	}
}
