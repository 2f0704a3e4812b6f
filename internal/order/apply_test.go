package order_test

import (
	"context"
	"encoding/json"
	"slices"
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

// stocked is a shop that holds o.
func stocked(t require.TestingT, o order.Order) *shop {
	s := newShop()
	document, err := json.Marshal(o)
	require.NoError(t, err)
	require.NoError(t, s.store.Put(context.Background(), document))
	return s
}

func TestAnOrderFollowsWhatIsReported(t *testing.T) {
	o := ordertest.Sample()
	s := stocked(t, o)
	outcome, err := s.Apply(t.Context(), o.OrderID, packed(order.PackedProduct{ProductID: "lamp", Quantity: 1}, order.PackedProduct{ProductID: "mug", Quantity: order.AsOrdered}))
	require.NoError(t, err)
	require.Equal(t, order.Result{Effect: order.Packaged, Changed: true}, outcome)

	got, err := s.Get(t.Context(), o.OrderID)
	require.NoError(t, err)
	want := o
	want.Status, want.ModifiedDate, want.Total = order.Packaged, o.ModifiedDate.Next(morning), 1999+5*450+1000
	want.Products = slices.Clone(o.Products[:2])
	want.Products[0].Quantity = 1
	require.Equal(t, want, plain(got))

	outcome, err = s.Apply(t.Context(), o.OrderID, delivered)
	require.NoError(t, err)
	require.Equal(t, order.Result{Effect: order.Fulfilled, Changed: true}, outcome)
}

func TestNoReportMakesAGhost(t *testing.T) {
	s := newShop()
	outcome, err := s.Apply(t.Context(), order.IDFor("of no order"), delivered)
	require.Equal(t, order.NotFound, order.KindOf(err))
	require.False(t, outcome.Changed)
	require.Equal(t, []memory.Op{memory.OpUpdate}, s.asked)
	for _, id := range strangeIDs {
		_, err := s.Apply(t.Context(), id, delivered)
		require.Equal(t, order.NotFound, order.KindOf(err), id)
	}
	require.Len(t, s.asked, 1, "the store is not asked for what is no id")
	require.Empty(t, s.writes(t))
}

func TestAnOrderInAnUnknownStatusIsLeftAlone(t *testing.T) {
	o := ordertest.Sample(func(o *order.Order) { o.Status = "SENT_BACK" })
	s := stocked(t, o)
	before := s.writes(t)
	for _, report := range []order.FulfilmentUpdate{delivered, packed(order.PackedProduct{ProductID: "mug", Quantity: 1}), {Status: order.PackagingFailed}} {
		outcome, err := s.Apply(t.Context(), o.OrderID, report)
		require.NoError(t, err)
		require.Equal(t, order.Result{Unknown: "SENT_BACK"}, outcome)
	}
	require.Equal(t, before, s.writes(t))
}

func TestAReportThatChangesNothingWritesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		status order.Status
		report order.FulfilmentUpdate
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
			s := stocked(t, o)
			before := s.writes(t)
			outcome, err := s.Apply(t.Context(), o.OrderID, c.report)
			require.NoError(t, err)
			require.Equal(t, order.Result{Effect: c.effect}, outcome)
			require.Equal(t, before, s.writes(t))
		})
	}
}

func TestAChangeIsDatedNowOrAMicrosecondAfterTheLast(t *testing.T) {
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
			s := stocked(t, o)
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

func TestAConflictIsAskedAgain(t *testing.T) {
	o := ordertest.Sample()
	s := stocked(t, o)
	s.faults[memory.OpUpdate] = memory.Conflict
	outcome, err := s.Apply(t.Context(), o.OrderID, delivered)
	require.NoError(t, err)
	require.Equal(t, order.Result{Effect: order.Fulfilled, Changed: true}, outcome)
	require.Equal(t, []string{memory.Insert, memory.Modify}, s.writes(t))
}

func TestWhatAnotherWriterDidInBetweenIsSeen(t *testing.T) {
	o := ordertest.Sample()
	s := stocked(t, o)
	var between sync.Once
	s.Now = func() time.Time { // asked once the order has been read and its change is made, and nothing is written yet
		between.Do(func() {
			o.Status = "SENT_BACK"
			document, err := json.Marshal(o)
			require.NoError(t, err)
			require.NoError(t, s.store.Put(t.Context(), document))
		})
		return morning
	}
	outcome, err := s.Apply(t.Context(), o.OrderID, delivered)
	require.NoError(t, err)
	require.Equal(t, order.Result{Unknown: "SENT_BACK"}, outcome, "nothing of the first reading is left")
}

func TestApplyingAgainAfterAFailureIsSafe(t *testing.T) {
	for fault, again := range map[memory.Fault]order.Result{
		memory.FailBefore: {Effect: order.Fulfilled, Changed: true},
		memory.FailAfter:  {Effect: order.Fulfilled, Changed: false},
	} {
		t.Run(string(fault), func(t *testing.T) {
			o := ordertest.Sample()
			s := stocked(t, o)
			s.faults[memory.OpUpdate] = fault
			outcome, err := s.Apply(t.Context(), o.OrderID, delivered)
			require.Equal(t, order.Unavailable, order.KindOf(err))
			require.False(t, outcome.Changed)
			s.faults[memory.OpUpdate] = memory.None
			outcome, err = s.Apply(t.Context(), o.OrderID, delivered)
			require.NoError(t, err)
			require.Equal(t, again, outcome)
			require.Equal(t, []string{memory.Insert, memory.Modify}, s.writes(t))
		})
	}
}

func TestATotalThatDoesNotFitWritesNothing(t *testing.T) {
	o := ordertest.Sample(func(o *order.Order) { o.Products[0].Price, o.Products[0].Quantity = 1<<62, 4 })
	s := stocked(t, o)
	before := s.writes(t)
	outcome, err := s.Apply(t.Context(), o.OrderID, packed(order.PackedProduct{ProductID: "lamp", Quantity: 3}))
	require.Error(t, err)
	require.False(t, outcome.Changed)
	require.Equal(t, before, s.writes(t))
}
