package memory_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// faulty is a store in which one order is stored, and from then on every call meets the fault.
// Calls notes them.
func faulty(t *testing.T, fault memory.Fault) (s *memory.Store, o order.Order, calls *[]string) {
	injected := memory.None
	calls = new([]string)
	s = &memory.Store{Faults: func(op memory.Op, orderID string) memory.Fault {
		*calls = append(*calls, string(op)+" "+orderID)
		return injected
	}}
	o = ordertest.Sample()
	_, err := s.Create(t.Context(), o)
	require.NoError(t, err)
	injected, *calls = fault, nil
	return s, o, calls
}

func requireUnavailable(t *testing.T, err error) {
	t.Helper()
	require.Equal(t, order.Unavailable, order.KindOf(err))
	require.ErrorAs(t, err, new(*order.Error))
}

// requireRecords requires that these records, and no others, followed the one that faulty made.
func requireRecords(t *testing.T, s *memory.Store, names ...string) {
	t.Helper()
	var all []string
	for _, c := range records(t, s, "", 100)[1:] {
		all = append(all, c.EventName)
	}
	require.Equal(t, names, all)
}

func TestFaultsIsCalledOncePerCall(t *testing.T) {
	s, o, calls := faulty(t, memory.Conflict)
	_, _ = s.Create(t.Context(), o)
	_, _ = s.Get(t.Context(), o.OrderID)
	_, _ = s.List(t.Context(), order.Query{UserID: o.UserID, Limit: 1})
	_, _ = s.Update(t.Context(), o.OrderID, pack)
	require.Equal(t, []string{"create " + o.OrderID, "get " + o.OrderID, "list ", "update " + o.OrderID}, *calls)
}

func TestFailBefore(t *testing.T) {
	s, o, _ := faulty(t, memory.FailBefore)
	_, err := s.Create(t.Context(), ordertest.Sample())
	requireUnavailable(t, err)
	_, err = s.Get(t.Context(), o.OrderID)
	requireUnavailable(t, err)
	_, err = s.List(t.Context(), order.Query{UserID: o.UserID, Limit: 1})
	requireUnavailable(t, err)
	changed, err := s.Update(t.Context(), o.OrderID, pack)
	requireUnavailable(t, err)
	require.False(t, changed)
	requireRecords(t, s)
}

func TestFailAfter(t *testing.T) {
	s, o, _ := faulty(t, memory.FailAfter)
	existing, err := s.Create(t.Context(), ordertest.Sample())
	requireUnavailable(t, err)
	require.Nil(t, existing)
	existing, err = s.Create(t.Context(), o)
	requireUnavailable(t, err)
	require.Nil(t, existing)
	_, err = s.Get(t.Context(), o.OrderID)
	requireUnavailable(t, err)
	_, err = s.List(t.Context(), order.Query{UserID: o.UserID, Limit: 1})
	requireUnavailable(t, err)
	changed, err := s.Update(t.Context(), o.OrderID, pack)
	requireUnavailable(t, err)
	require.False(t, changed)
	requireRecords(t, s, memory.Insert, memory.Modify)
}

func TestConflict(t *testing.T) {
	s, o, _ := faulty(t, memory.Conflict)
	calls := 0
	changed, err := s.Update(t.Context(), o.OrderID, func(p order.Progress) (order.Progress, error) {
		calls++
		return pack(p)
	})
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, 2, calls)
	requireRecords(t, s, memory.Modify)
}

func TestLostResponse(t *testing.T) {
	s, o, _ := faulty(t, memory.LostResponse)
	existing, err := s.Create(t.Context(), ordertest.Sample())
	require.NoError(t, err)
	require.Nil(t, existing, "stored by this very call")
	existing, err = s.Create(t.Context(), o)
	require.NoError(t, err)
	require.NotNil(t, existing, "stored by another call")
	requireRecords(t, s, memory.Insert)
}

func TestHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, o, _ := faulty(t, memory.Hang)
		for name, call := range map[string]func(context.Context) error{
			"create": func(ctx context.Context) error { _, err := s.Create(ctx, ordertest.Sample()); return err },
			"get":    func(ctx context.Context) error { _, err := s.Get(ctx, o.OrderID); return err },
			"list": func(ctx context.Context) error {
				_, err := s.List(ctx, order.Query{UserID: o.UserID, Limit: 1})
				return err
			},
			"update": func(ctx context.Context) error { _, err := s.Update(ctx, o.OrderID, pack); return err },
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			began := time.Now()
			err := call(ctx)
			requireUnavailable(t, err)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, time.Minute, time.Since(began), name)
			cancel()
		}
		requireRecords(t, s)
	})
}
