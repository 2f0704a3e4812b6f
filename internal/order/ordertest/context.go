package ordertest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

// endedContext requires that an order is stored as a whole or not at all, and that a retry with
// time left succeeds.
func endedContext(t *testing.T, s Fixture) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for name, ended := range map[string]context.Context{"canceled": canceled, "late": late} {
		t.Run(name, func(t *testing.T) {
			ctx, o, next := within(t), Sample(), Sample()
			create(t, ctx, s, o)

			_, err := s.Store.Get(ended, o.OrderID)
			requireKind(t, order.Unavailable, err)
			_, err = s.Store.List(ended, order.Query{UserID: o.UserID, Limit: 10})
			requireKind(t, order.Unavailable, err)

			changed, err := s.Store.Update(ended, o.OrderID, func(p order.Progress) (order.Progress, error) { return later(p, order.Packaged), nil })
			requireKind(t, order.Unavailable, err)
			require.False(t, changed)
			requireSame(t, o, get(t, ctx, s, o.OrderID))

			existing, err := s.Store.Create(ended, next)
			requireKind(t, order.Unavailable, err)
			require.Nil(t, existing)
			if existing, err = s.Store.Create(ctx, next); existing != nil {
				requireSame(t, next, *existing)
			}
			require.NoError(t, err)
			requireSame(t, next, get(t, ctx, s, next.OrderID))
		})
	}
}

func contextEndsDuringUpdate(t *testing.T, s Fixture) {
	o := Sample()
	create(t, within(t), s, o)
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	var after order.Progress
	changed, err := s.Store.Update(ctx, o.OrderID, func(p order.Progress) (order.Progress, error) {
		cancel()
		p.Lines[0].Quantity--
		p.Total -= p.Lines[0].Price
		after = later(p, order.Packaged)
		return after, nil
	})
	requireKind(t, order.Unavailable, err)
	require.False(t, changed)
	require.Contains(t, []order.Progress{o.Progress(), after}, get(t, within(t), s, o.OrderID).Progress())
}
