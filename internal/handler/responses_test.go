package handler_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// responses keeps for each response that was counted whether it failed.
type responses []bool

func (r *responses) CountResponse(_ context.Context, failed bool) { *r = append(*r, failed) }

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
			s, counted := newShop(), &responses{}
			s.checker.err = c.err
			h := &handler.CreateOrder{Orders: s.orders, Metrics: s.counter, Responses: counted, Log: s.log}
			_, err := h.Invoke(t.Context(), c.event)
			require.NoError(t, err)
			require.Equal(t, responses{c.failed}, *counted)
		})
	}
	for name, event := range map[string][]byte{"list": proxyEvent("GET", "/orders", "u1"), "no route": proxyEvent("PUT", "/orders", "u1"), "no event": []byte(`{}`)} {
		t.Run("get-order, "+name, func(t *testing.T) {
			s, counted := newShop(), &responses{}
			h := &handler.GetOrder{Orders: s.orders, Responses: counted, Log: s.log}
			_, err := h.Invoke(t.Context(), event)
			require.NoError(t, err)
			s.failStore()
			_, err = h.Invoke(t.Context(), event)
			require.NoError(t, err)
			require.Equal(t, responses{false, name == "list"}, *counted)
		})
	}
}
