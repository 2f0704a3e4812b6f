package ordertest_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/order"
	"orders/internal/order/ordertest"
)

func TestOrdersAreRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := ordertest.Orders().Draw(t, "order")
		require.True(t, order.ValidID(o.OrderID))
		require.True(t, o.Status.Known())
		require.LessOrEqual(t, o.CreatedDate, o.ModifiedDate)
		requireAsksFor(t, o, ordertest.Request(o))

		document, err := json.Marshal(o)
		require.NoError(t, err)
		read, err := order.FromDocument(document)
		require.NoError(t, err)
		read.Document = nil
		require.Equal(t, o, read)
	})
}

func TestNewOrdersAreUntouched(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := ordertest.NewOrders().Draw(t, "order")
		require.True(t, o.Unchanged())
		require.Equal(t, order.New, o.Status)
	})
}

func TestDrawnRequestAsksForTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := ordertest.NewOrders().Draw(t, "order")
		requireAsksFor(t, o, ordertest.DrawRequest(t, o))
	})
}

func TestRequestsAreRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, err := order.ParseRequest(ordertest.Requests().Draw(t, "request"))
		require.NoError(t, err)
	})
}

func TestSampleIsRight(t *testing.T) {
	o := ordertest.Sample(func(o *order.Order) { o.Products[2].Quantity = 3 })
	require.Equal(t, int64(1000+2*1999+5*450+3*1200), o.Total)
	require.True(t, o.Unchanged())
	require.NotEqual(t, o.OrderID, ordertest.Sample().OrderID)
	requireAsksFor(t, o, ordertest.Request(o))
}

func requireAsksFor(t require.TestingT, o order.Order, request json.RawMessage) {
	r, err := order.ParseRequest(request)
	require.NoError(t, err)
	require.Equal(t, o.Products, r.Products)
	require.Equal(t, o.Address, r.Address)
	require.Equal(t, o.DeliveryPrice, r.DeliveryPrice)
	require.Equal(t, o.PaymentToken, r.PaymentToken)
	require.Equal(t, o.Total, r.Total)
	require.Equal(t, o.OrderID, order.IDFor(r.PaymentToken))
}
