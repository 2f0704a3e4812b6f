package memory_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

func TestStore(t *testing.T) {
	ordertest.TestStore(t, func(*testing.T) ordertest.Fixture {
		s := new(memory.Store)
		return ordertest.Fixture{
			Store: s,
			Seed: func(t *testing.T, document json.RawMessage) {
				require.NoError(t, s.Put(t.Context(), document))
			},
			Stored: func(t *testing.T, orderID string) json.RawMessage {
				return stored(t, s, orderID)
			},
		}
	})
}

// stored returns an order's document, or nil if there is none.
func stored(t *testing.T, s *memory.Store, orderID string) json.RawMessage {
	o, err := s.Get(t.Context(), orderID)
	if order.KindOf(err) == order.NotFound {
		return nil
	}
	if item, ok := errors.AsType[*order.UnreadableItem](err); ok {
		return item.Document
	}
	require.NoError(t, err)
	return o.Document
}

func TestNextIsSetIfAndOnlyIfMoreFollows(t *testing.T) {
	s := new(memory.Store)
	for i := range 4 {
		_, err := s.Create(t.Context(), ordertest.Sample(func(o *order.Order) {
			o.UserID, o.CreatedDate = "ida", order.Date(fmt.Sprintf("2026-01-0%dT00:00:00.000000Z", i+1))
		}))
		require.NoError(t, err)
	}
	page, err := s.List(t.Context(), order.Query{UserID: "ida", Limit: 2})
	require.NoError(t, err)
	require.Len(t, page.Orders, 2)
	require.Equal(t, &order.Position{CreatedDate: page.Orders[1].CreatedDate, OrderID: page.Orders[1].OrderID}, page.Next)
	page, err = s.List(t.Context(), order.Query{UserID: "ida", Limit: 2, After: page.Next})
	require.NoError(t, err)
	require.Len(t, page.Orders, 2)
	require.Nil(t, page.Next)
	_, err = s.List(t.Context(), order.Query{UserID: "ida", Limit: 0})
	requireUnavailable(t, err)
}

func TestListFollowsPutAndDelete(t *testing.T) {
	s, id := new(memory.Store), order.IDFor("one")
	listed := func(userID string) int {
		page, err := s.List(t.Context(), order.Query{UserID: userID, Limit: 10})
		require.NoError(t, err)
		return len(page.Orders)
	}
	require.NoError(t, s.Put(t.Context(), ordertest.Original(id, "ida")))
	require.NoError(t, s.Put(t.Context(), ordertest.Original(order.IDFor("two"), "ida")))
	require.Equal(t, 2, listed("ida"))
	require.NoError(t, s.Put(t.Context(), ordertest.Original(id, "ole")))
	require.Equal(t, []int{1, 1}, []int{listed("ida"), listed("ole")})
	require.NoError(t, s.Put(t.Context(), fmt.Appendf(nil, `{"orderId": %q, "userId": "ole"}`, id)))
	require.Equal(t, 0, listed("ole"), "without a date it is in no list, as in the table's index")
	require.NoError(t, s.Delete(t.Context(), order.IDFor("two")))
	require.Equal(t, 0, listed("ida"))
}

func TestDocumentsAreNotShared(t *testing.T) {
	s, id := new(memory.Store), order.IDFor("one")
	given := ordertest.Original(id, "ida")
	require.NoError(t, s.Put(t.Context(), given))
	clear(given)
	clear(stored(t, s, id))
	require.Equal(t, ordertest.Original(id, "ida"), stored(t, s, id))
}

func TestUpdateRejectsLinesThatAreNotTheOrders(t *testing.T) {
	s, o := new(memory.Store), ordertest.Sample()
	_, err := s.Create(t.Context(), o)
	require.NoError(t, err)
	_, err = s.Update(t.Context(), o.OrderID, func(p order.Progress) (order.Progress, error) {
		p.Lines = p.Lines[:1]
		return pack(p)
	})
	requireUnavailable(t, err)
	require.Len(t, records(t, s, "", 10), 1)
}

func TestUpdateOfAnOrderThatIsDeletedInTheMeantime(t *testing.T) {
	s, o := new(memory.Store), ordertest.Sample()
	_, err := s.Create(t.Context(), o)
	require.NoError(t, err)
	changed, err := s.Update(t.Context(), o.OrderID, func(p order.Progress) (order.Progress, error) {
		require.NoError(t, s.Delete(t.Context(), o.OrderID))
		return pack(p)
	})
	require.Equal(t, order.NotFound, order.KindOf(err))
	require.False(t, changed)
	require.Nil(t, stored(t, s, o.OrderID))
}

func TestPutAndDeleteEndWithTheContext(t *testing.T) {
	s, id := new(memory.Store), order.IDFor("one")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	requireUnavailable(t, s.Put(ctx, ordertest.Original(id, "ida")))
	require.NoError(t, s.Put(t.Context(), ordertest.Original(id, "ida")))
	requireUnavailable(t, s.Delete(ctx, id))
	require.NotNil(t, stored(t, s, id))
}

func TestAPageEndsAfterAMegabyte(t *testing.T) {
	var s memory.Store
	name := strings.Repeat("n", 100<<10)
	for range 25 {
		_, err := s.Create(t.Context(), ordertest.Sample(func(o *order.Order) { o.UserID, o.Products[0].Name = "u", name }))
		require.NoError(t, err)
	}
	var sizes []int
	var after *order.Position
	for range 3 {
		page, err := s.List(t.Context(), order.Query{UserID: "u", Limit: 100, After: after})
		require.NoError(t, err)
		sizes, after = append(sizes, len(page.Orders)), page.Next
	}
	require.Equal(t, []int{11, 11, 3}, sizes)
	require.Nil(t, after)
}
