package order_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

func TestGetReturnsAnyOrder(t *testing.T) {
	s, o := newTestService(), ordertest.Sample()
	_, err := s.store.Create(t.Context(), o)
	require.NoError(t, err)
	got, err := s.Get(t.Context(), o.OrderID)
	require.NoError(t, err)
	require.Equal(t, o, withoutDocument(got))
}

func TestAnotherUsersOrderIsNotFoundLikeAMissingOne(t *testing.T) {
	s, o := newTestService(), ordertest.Sample()
	_, err := s.store.Create(t.Context(), o)
	require.NoError(t, err)
	got, err := s.GetFor(t.Context(), o.UserID, o.OrderID)
	require.NoError(t, err)
	require.Equal(t, o, withoutDocument(got))

	hidden, another := s.GetFor(t.Context(), "another", o.OrderID)
	none, missing := s.GetFor(t.Context(), o.UserID, order.IDFor("of no order"))
	require.Empty(t, hidden)
	require.Equal(t, none, hidden)
	require.Equal(t, order.NotFound, order.KindOf(another))
	require.Equal(t, missing, another)
}

// invalidIDs can be the id of no order in the form in which ids are stored.
var invalidIDs = []string{"", "1", "../", "6F1D0C3E-52A4-4B0E-9C57-0D8F6F1B7A21", "urn:uuid:6f1d0c3e-52a4-4b0e-9c57-0d8f6f1b7a21", "6f1d0c3e52a44b0e9c570d8f6f1b7a21"}

func TestInvalidIDsDoNotReachTheStore(t *testing.T) {
	s := newTestService()
	for _, id := range invalidIDs {
		_, err := s.Get(t.Context(), id)
		require.Equal(t, order.NotFound, order.KindOf(err), id)
		_, err = s.GetFor(t.Context(), "user", id)
		require.Equal(t, order.NotFound, order.KindOf(err), id)
	}
	require.Empty(t, s.calls)
}

func TestListReturnsTheUsersOwnOrdersPageByPage(t *testing.T) {
	s := newTestService()
	var own []string // newest first
	for i := range 3 {
		o := ordertest.Sample(func(o *order.Order) {
			o.UserID, o.CreatedDate = "user", order.NewDate(morning.Add(time.Duration(i)*time.Minute))
		})
		for _, each := range []order.Order{o, ordertest.Sample()} {
			_, err := s.store.Create(t.Context(), each)
			require.NoError(t, err)
		}
		own = slices.Insert(own, 0, o.OrderID)
	}
	first, err := s.List(t.Context(), order.Query{UserID: "user", Limit: 2})
	require.NoError(t, err)
	require.Len(t, first.Orders, 2)
	require.NotNil(t, first.Next)
	rest, err := s.List(t.Context(), order.Query{UserID: "user", Limit: 2, After: first.Next})
	require.NoError(t, err)
	require.Len(t, rest.Orders, 1)
	require.Nil(t, rest.Next)
	require.Equal(t, own, []string{first.Orders[0].OrderID, first.Orders[1].OrderID, rest.Orders[0].OrderID})
}

func TestReadsReturnTheStoresError(t *testing.T) {
	s := newTestService()
	s.faults[memory.OpGet], s.faults[memory.OpList] = memory.FailBefore, memory.FailBefore
	_, err := s.Get(t.Context(), order.IDFor("token"))
	require.Equal(t, order.Unavailable, order.KindOf(err))
	_, err = s.GetFor(t.Context(), "user", order.IDFor("token"))
	require.Equal(t, order.Unavailable, order.KindOf(err))
	_, err = s.List(t.Context(), order.Query{UserID: "user", Limit: 20})
	require.Equal(t, order.Unavailable, order.KindOf(err))
}
