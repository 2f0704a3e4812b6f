package handler_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
	"orders/internal/order/ordertest"
)

func TestEveryResponseIsCountedOnce(t *testing.T) {
	valid := ordertest.Request(ordertest.Sample())
	for name, c := range map[string]struct {
		event  []byte
		err    error // of the check
		failed bool
	}{
		"created":               {post("u1", valid), nil, false},
		"created directly":      {[]byte(directEvent("u1", valid)), nil, false},
		"invalid":               {post("u1", []byte("nope")), nil, false},
		"no identity":           {post("", valid), nil, false},
		"invalid direct event":  {[]byte(`{}`), nil, false},
		"rejected":              {post("u1", valid), &order.Error{Kind: order.Rejected}, false},
		"check failed":          {post("u1", valid), &order.Error{Kind: order.CheckFailed}, true},
		"check failed directly": {[]byte(directEvent("u1", valid)), &order.Error{Kind: order.CheckFailed}, true},
	} {
		t.Run("create-order, "+name, func(t *testing.T) {
			s := newShop()
			s.checker.err = c.err
			_, err := createOrder(s).Invoke(t.Context(), c.event)
			require.NoError(t, err)
			require.Equal(t, []bool{c.failed}, s.counter.failed)
		})
	}
	for name, event := range map[string][]byte{"list": proxyEvent("GET", "/orders", "u1"), "no route": proxyEvent("PUT", "/orders", "u1"), "no event": []byte(`{}`)} {
		t.Run("get-order, "+name, func(t *testing.T) {
			s := newShop()
			h := getOrder(s)
			_, err := h.Invoke(t.Context(), event)
			require.NoError(t, err)
			s.failStore()
			_, err = h.Invoke(t.Context(), event)
			require.NoError(t, err)
			require.Equal(t, []bool{false, name == "list"}, s.counter.failed)
		})
	}
}
