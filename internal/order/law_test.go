package order_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// updatesFor draws updates for o whose packages all hold its first product.
func updatesFor(t *rapid.T, o order.Order) []order.FulfilmentUpdate {
	products := []string{"__metadata"}
	for _, p := range o.Products {
		products = append(products, p.ProductID)
	}
	entry := rapid.Custom(func(t *rapid.T) order.PackedProduct {
		return order.PackedProduct{ProductID: rapid.SampledFrom(products).Draw(t, "product"),
			Quantity: rapid.OneOf(rapid.Int64Range(-1, 6), rapid.Just[int64](order.AsOrdered)).Draw(t, "packed")}
	})
	update := rapid.Custom(func(t *rapid.T) order.FulfilmentUpdate {
		status := rapid.SampledFrom(order.Statuses()[1:]).Draw(t, "status")
		if status != order.Packaged {
			return order.FulfilmentUpdate{Status: status}
		}
		shared := order.PackedProduct{ProductID: o.Products[0].ProductID, Quantity: rapid.Int64Range(1, 6).Draw(t, "shared")}
		return packed(append(rapid.SliceOfN(entry, 0, 4).Draw(t, "package"), shared)...)
	})
	return rapid.SliceOfN(update, 1, 6).Draw(t, "updates")
}

// Updates have the same result in any order of arrival, with any repetition, one at a time or all
// at once.
func TestUpdatesCommute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := ordertest.NewOrders().Draw(t, "order")
		all := updatesFor(t, o)
		want := applied(t, o, [][]order.FulfilmentUpdate{all})
		repeated := append(slices.Clone(all), rapid.SliceOfN(rapid.SampledFrom(all), 0, 6).Draw(t, "again")...)
		arrivals := rapid.Permutation(repeated).Draw(t, "arrivals")
		lanes := rapid.IntRange(1, 4).Draw(t, "lanes")
		require.Equal(t, want, applied(t, o, slices.Collect(slices.Chunk(arrivals, (len(arrivals)+lanes-1)/lanes))))
	})
}

// applied returns o after lanes of updates, all lanes at the same time, without its modifiedDate
// and history. It requires one write, with a later date, for each result that reports a change.
func applied(t require.TestingT, o order.Order, lanes [][]order.FulfilmentUpdate) order.Order {
	s := withOrder(t, o)
	var changed atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	for _, lane := range lanes {
		all.Go(func() {
			for _, update := range lane {
				result, err := s.Apply(context.Background(), o.OrderID, update)
				if err != nil {
					failed.Store(&err)
				}
				if result.Changed {
					changed.Add(1)
				}
			}
		})
	}
	all.Wait()
	require.Nil(t, failed.Load())
	requireDatesRise(t, s, int(changed.Load()))
	after, err := s.Get(context.Background(), o.OrderID)
	require.NoError(t, err)
	after.ModifiedDate, after.History = "", nil
	return withoutDocument(after)
}

func requireDatesRise(t require.TestingT, s *testService, modifications int) {
	records, err := s.store.Records(context.Background(), "", 1000)
	require.NoError(t, err)
	require.Len(t, records, 1+modifications)
	for _, c := range records[1:] {
		before, err := order.FromDocument(c.OldImage)
		require.NoError(t, err)
		after, err := order.FromDocument(c.NewImage)
		require.NoError(t, err)
		require.Greater(t, after.ModifiedDate, before.ModifiedDate)
		require.Equal(t, before.CreatedDate, after.CreatedDate)
		requireRises(t, before, after)
	}
}

// requireRises requires that the history of an order is its own, and has one more entry exactly if
// the write in between raised the status.
func requireRises(t require.TestingT, before, after order.Order) {
	want := slices.Clone(before.History)
	if after.Status != before.Status {
		want = append(want, order.HistoryEntry{Status: after.Status, Date: after.ModifiedDate})
	}
	require.Equal(t, want, after.History)
	require.Equal(t, order.HistoryEntry{Status: order.New, Date: after.CreatedDate}, after.History[0])
	require.Equal(t, after.Status, after.History[len(after.History)-1].Status)
	for i, entry := range after.History[1:] {
		require.Greater(t, entry.Date, after.History[i].Date)
		require.Equal(t, entry.Status, entry.Status.Max(after.History[i].Status))
		require.NotEqual(t, entry.Status, after.History[i].Status)
	}
}
