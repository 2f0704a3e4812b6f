package order_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

var delivered = order.FulfilmentUpdate{Status: order.Fulfilled}

func packed(lines ...order.PackedProduct) order.FulfilmentUpdate {
	return order.FulfilmentUpdate{Status: order.Packaged, Package: lines}
}

// withOrder returns a service whose store holds o.
func withOrder(t require.TestingT, o order.Order) *testService {
	s := newTestService()
	document, err := json.Marshal(o)
	require.NoError(t, err)
	require.NoError(t, s.store.Put(context.Background(), document))
	return s
}

func TestApplyUpdatesTheOrder(t *testing.T) {
	o := ordertest.Sample()
	s := withOrder(t, o)
	result, err := s.Apply(t.Context(), o.OrderID, packed(order.PackedProduct{ProductID: "lamp", Quantity: 1}, order.PackedProduct{ProductID: "mug", Quantity: order.AsOrdered}))
	require.NoError(t, err)
	require.Equal(t, order.Result{Status: order.Packaged, Effect: order.Packaged, Changed: true}, result)

	got, err := s.Get(t.Context(), o.OrderID)
	require.NoError(t, err)
	next, err := o.ModifiedDate.Next(morning)
	require.NoError(t, err)
	want := o
	want.Status, want.ModifiedDate, want.Total = order.Packaged, next, 1999+5*450+1000
	want.History = append(slices.Clone(o.History), order.HistoryEntry{Status: order.Packaged, Date: next})
	want.Products = slices.Clone(o.Products[:2])
	want.Products[0].Quantity = 1
	require.Equal(t, want, withoutDocument(got))

	result, err = s.Apply(t.Context(), o.OrderID, delivered)
	require.NoError(t, err)
	require.Equal(t, order.Result{Status: order.Fulfilled, Effect: order.Fulfilled, Changed: true}, result)
}

func TestApplyCreatesNoOrder(t *testing.T) {
	s := newTestService()
	result, err := s.Apply(t.Context(), order.IDFor("of no order"), delivered)
	require.Equal(t, order.NotFound, order.KindOf(err))
	require.False(t, result.Changed)
	require.Equal(t, []memory.Op{memory.OpUpdate}, s.calls)
	for _, id := range invalidIDs {
		_, err := s.Apply(t.Context(), id, delivered)
		require.Equal(t, order.NotFound, order.KindOf(err), id)
	}
	require.Len(t, s.calls, 1, "an invalid ID does not reach the store")
	require.Empty(t, s.writes(t))
}

func TestAnOrderInAnUnknownStatusIsLeftUnchanged(t *testing.T) {
	for status, stored := range map[order.Status]string{"SENT_BACK": `"SENT_BACK"`, "": `""`, "null": `null`, "missing": ``} {
		o := ordertest.Sample(func(o *order.Order) { o.Status = "?" })
		text, err := json.Marshal(o)
		require.NoError(t, err)
		document := strings.Replace(string(text), `"status":"?"`, `"status":`+stored, 1)
		if stored == "" {
			document = strings.Replace(string(text), `"status":"?",`, "", 1)
		}
		if stored != `"SENT_BACK"` {
			status = ""
		}
		s := newTestService()
		require.NoError(t, s.store.Put(t.Context(), []byte(document)))
		before := s.writes(t)
		for _, update := range []order.FulfilmentUpdate{delivered, packed(order.PackedProduct{ProductID: "mug", Quantity: 1}), {Status: order.PackagingFailed}} {
			result, err := s.Apply(t.Context(), o.OrderID, update)
			require.NoError(t, err)
			require.Equal(t, order.Result{Status: status}, result)
			require.False(t, result.Status.Known())
		}
		require.Equal(t, before, s.writes(t))
	}
}

func TestAnUpdateFailsIfTheModifiedDateHasNoSuccessor(t *testing.T) {
	for date, reason := range map[order.Date]string{
		"": "/modifiedDate: must be a date", "yesterday": "/modifiedDate: must be a date", "9999-12-31T23:59:59.999999Z": "/modifiedDate: must be before the year 10000",
	} {
		o := ordertest.Sample(func(o *order.Order) { o.ModifiedDate = date })
		s := withOrder(t, o)
		before := s.writes(t)
		result, err := s.Apply(t.Context(), o.OrderID, delivered)
		require.Equal(t, order.Unreadable, order.KindOf(err))
		require.ErrorContains(t, err, o.OrderID+": "+reason)
		require.False(t, result.Changed)
		_, err = s.Apply(t.Context(), o.OrderID, packed(order.PackedProduct{ProductID: "none"}))
		require.Error(t, err)
		require.Equal(t, before, s.writes(t))
	}
}

func TestStaleAndDuplicateUpdatesWriteNothing(t *testing.T) {
	for name, c := range map[string]struct {
		status order.Status
		update order.FulfilmentUpdate
		effect order.Status
	}{
		"delivered twice":            {order.Fulfilled, delivered, order.Fulfilled},
		"a late failure of delivery": {order.Fulfilled, order.FulfilmentUpdate{Status: order.DeliveryFailed}, order.DeliveryFailed},
		"a late failure of packing":  {order.Packaged, order.FulfilmentUpdate{Status: order.PackagingFailed}, order.PackagingFailed},
		"a late empty package":       {order.Packaged, packed(order.PackedProduct{ProductID: "__metadata", Quantity: order.AsOrdered}), order.PackagingFailed},
		"all packed, late": {order.DeliveryFailed, packed(order.PackedProduct{ProductID: "lamp", Quantity: 2},
			order.PackedProduct{ProductID: "mug", Quantity: 9}, order.PackedProduct{ProductID: "poster", Quantity: order.AsOrdered}), order.Packaged},
	} {
		t.Run(name, func(t *testing.T) {
			o := ordertest.Sample(func(o *order.Order) { o.Status = c.status })
			s := withOrder(t, o)
			before := s.writes(t)
			result, err := s.Apply(t.Context(), o.OrderID, c.update)
			require.NoError(t, err)
			require.Equal(t, order.Result{Status: c.status, Effect: c.effect}, result)
			require.Equal(t, before, s.writes(t))
		})
	}
}

func TestModifiedDateIsNowOrOneMicrosecondLater(t *testing.T) {
	last := morning.Truncate(time.Microsecond)
	for name, c := range map[string]struct {
		now  time.Time
		want order.Date
	}{
		"the clock has gone on":      {last.Add(time.Second), "2026-01-23T10:53:50.131052Z"},
		"by a microsecond":           {last.Add(time.Microsecond), "2026-01-23T10:53:49.131053Z"},
		"by less than a microsecond": {last.Add(999), "2026-01-23T10:53:49.131053Z"},
		"the clock stands":           {last, "2026-01-23T10:53:49.131053Z"},
		"the clock is an hour slow":  {last.Add(-time.Hour), "2026-01-23T10:53:49.131053Z"},
	} {
		t.Run(name, func(t *testing.T) {
			o := ordertest.Sample(func(o *order.Order) { o.ModifiedDate = order.NewDate(last) })
			s := withOrder(t, o)
			s.Now = func() time.Time { return c.now }
			_, err := s.Apply(t.Context(), o.OrderID, delivered)
			require.NoError(t, err)
			got, err := s.Get(t.Context(), o.OrderID)
			require.NoError(t, err)
			require.Equal(t, c.want, got.ModifiedDate)
			require.Equal(t, o.CreatedDate, got.CreatedDate)
		})
	}
}

func TestAConflictIsRetried(t *testing.T) {
	o := ordertest.Sample()
	s := withOrder(t, o)
	s.faults[memory.OpUpdate] = memory.Conflict
	result, err := s.Apply(t.Context(), o.OrderID, delivered)
	require.NoError(t, err)
	require.Equal(t, order.Result{Status: order.Fulfilled, Effect: order.Fulfilled, Changed: true}, result)
	require.Equal(t, []string{memory.Insert, memory.Modify}, s.writes(t))
}

func TestAConcurrentWriteIsSeen(t *testing.T) {
	o := ordertest.Sample()
	s := withOrder(t, o)
	var between sync.Once
	s.Now = func() time.Time { // runs between reading and writing
		between.Do(func() {
			o.Status = "SENT_BACK"
			document, err := json.Marshal(o)
			require.NoError(t, err)
			require.NoError(t, s.store.Put(t.Context(), document))
		})
		return morning
	}
	result, err := s.Apply(t.Context(), o.OrderID, delivered)
	require.NoError(t, err)
	require.Equal(t, order.Result{Status: "SENT_BACK"}, result, "nothing of the first read is left")
}

func TestApplyCanBeRepeatedAfterAFailure(t *testing.T) {
	for fault, again := range map[memory.Fault]order.Result{
		memory.FailBefore: {Status: order.Fulfilled, Effect: order.Fulfilled, Changed: true},
		memory.FailAfter:  {Status: order.Fulfilled, Effect: order.Fulfilled, Changed: false},
	} {
		t.Run(string(fault), func(t *testing.T) {
			o := ordertest.Sample()
			s := withOrder(t, o)
			s.faults[memory.OpUpdate] = fault
			result, err := s.Apply(t.Context(), o.OrderID, delivered)
			require.Equal(t, order.Unavailable, order.KindOf(err))
			require.False(t, result.Changed)
			s.faults[memory.OpUpdate] = memory.None
			result, err = s.Apply(t.Context(), o.OrderID, delivered)
			require.NoError(t, err)
			require.Equal(t, again, result)
			require.Equal(t, []string{memory.Insert, memory.Modify}, s.writes(t))
		})
	}
}

func TestATotalThatOverflowsWritesNothing(t *testing.T) {
	o := ordertest.Sample(func(o *order.Order) { o.Products[0].Price, o.Products[0].Quantity = 1<<62, 4 })
	s := withOrder(t, o)
	before := s.writes(t)
	result, err := s.Apply(t.Context(), o.OrderID, packed(order.PackedProduct{ProductID: "lamp", Quantity: 3}))
	require.Equal(t, order.Unreadable, order.KindOf(err))
	require.ErrorContains(t, err, "/total: ")
	require.False(t, result.Changed)
	require.Equal(t, before, s.writes(t))
}
