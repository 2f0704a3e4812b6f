package ordertest

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

// createList stores count orders of a fresh user in random order, waits until the list shows them,
// and returns them newest first. Two of every three have the same createdDate.
func createList(t *testing.T, s Fixture, count int) []order.Order {
	ctx, userID := within(t), uuid.NewString()
	first := time.Now().Add(-time.Hour)
	orders := make([]order.Order, count)
	for i := range orders {
		orders[i] = Sample(func(o *order.Order) {
			o.UserID = userID
			o.CreatedDate = order.NewDate(first.Add(time.Duration((i+1)/3*3) * time.Microsecond))
			o.ModifiedDate = o.CreatedDate
		})
	}
	for _, i := range rand.Perm(count) {
		create(t, ctx, s, orders[i])
	}
	awaitList(t, ctx, s, userID, count)
	slices.SortStableFunc(orders, func(a, b order.Order) int { return cmp.Compare(b.CreatedDate, a.CreatedDate) })
	return orders
}

// awaitList waits up to ten seconds for an eventually consistent index.
func awaitList(t *testing.T, ctx context.Context, s Fixture, userID string, count int) {
	for range 200 {
		listed := 0
		for _, page := range pages(t, ctx, s, userID, 100, count) {
			listed += len(page.Orders) + len(page.Unreadable)
		}
		if listed >= count {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the list did not show all %d orders", count)
}

// pages reads a list from its first page to the one without Next.
func pages(t *testing.T, ctx context.Context, s Fixture, userID string, limit, count int) []order.Page {
	return pagesOf(t, ctx, s, order.Query{UserID: userID, Limit: limit}, count)
}

func pagesOf(t *testing.T, ctx context.Context, s Fixture, q order.Query, count int) (all []order.Page) {
	for range 2*count + 2 { // a page may be short, or even empty
		page, err := s.Store.List(ctx, q)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Orders)+len(page.Unreadable), q.Limit)
		all = append(all, page)
		if page.Next == nil {
			return all
		}
		position, err := order.ParsePosition(page.Next.Token()) // as callers pass it
		require.NoError(t, err)
		q.After = &position
	}
	t.Fatalf("the list of %d orders did not end", count)
	return nil
}

func ids(orders []order.Order) []string {
	var all []string
	for _, o := range orders {
		all = append(all, o.OrderID)
	}
	return all
}

func requireNewestFirst(t *testing.T, orders []order.Order) {
	require.True(t, slices.IsSortedFunc(orders, func(a, b order.Order) int { return cmp.Compare(b.CreatedDate, a.CreatedDate) }), "newest first")
}

func listIsOwn(t *testing.T, s Fixture) {
	ctx := within(t)
	mine, others := createList(t, s, 5), createList(t, s, 4)
	for _, orders := range [][]order.Order{mine, others} {
		page, err := s.Store.List(ctx, order.Query{UserID: orders[0].UserID, Limit: 100})
		require.NoError(t, err)
		require.ElementsMatch(t, ids(orders), ids(page.Orders))
		requireNewestFirst(t, page.Orders)
		require.Nil(t, page.Next, "no more orders")
	}
	page, err := s.Store.List(ctx, order.Query{UserID: uuid.NewString(), Limit: 100})
	require.NoError(t, err)
	require.Empty(t, page.Orders)
	require.Nil(t, page.Next)
}

func pagesGiveAll(t *testing.T, s Fixture) {
	ctx, orders := within(t), createList(t, s, 7)
	createList(t, s, 3) // another user's, with the same dates
	for _, limit := range []int{1, 2, 3, 6, 7, 8, 100} {
		var all []order.Order
		for _, page := range pages(t, ctx, s, orders[0].UserID, limit, len(orders)) {
			all = append(all, page.Orders...)
		}
		require.ElementsMatch(t, ids(orders), ids(all), "limit %d", limit)
		requireNewestFirst(t, all)
	}
}

func listHoldsWholeOrders(t *testing.T, s Fixture) {
	ctx, orderID, userID := within(t), freshID(), uuid.NewString()
	s.Seed(t, Original(orderID, userID))
	o := Sample(func(o *order.Order) { o.UserID = userID })
	create(t, ctx, s, o)
	awaitList(t, ctx, s, userID, 2)

	page, err := s.Store.List(ctx, order.Query{UserID: userID, Limit: 2})
	require.NoError(t, err)
	require.Len(t, page.Orders, 2)
	require.Equal(t, []order.Order{o, originalOrder(orderID, userID)}, page.Orders, "without documents")
}

// madeUpPosition lists after positions of another user's orders, and of no order.
func madeUpPosition(t *testing.T, s Fixture) {
	ctx := within(t)
	mine, others := createList(t, s, 6), createList(t, s, 6)
	positions := []order.Position{
		{CreatedDate: "0001-01-01T00:00:00.000000Z", OrderID: freshID()},
		{CreatedDate: "9999-12-31T23:59:59.999999Z", OrderID: freshID()},
	}
	for _, o := range others {
		positions = append(positions, order.Position{CreatedDate: o.CreatedDate, OrderID: o.OrderID})
	}
	for _, position := range positions {
		page, err := s.Store.List(ctx, order.Query{UserID: mine[0].UserID, Limit: 100, After: &position})
		require.NoError(t, err)
		older := slices.DeleteFunc(slices.Clone(mine), func(o order.Order) bool { return o.CreatedDate >= position.CreatedDate })
		require.Subset(t, ids(mine), ids(page.Orders), "the caller's own")
		require.Subset(t, ids(page.Orders), ids(older), "all that is older")
		for _, o := range page.Orders {
			require.LessOrEqual(t, o.CreatedDate, position.CreatedDate)
		}
	}
}
