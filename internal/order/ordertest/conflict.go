package ordertest

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

// updateOverwritesNobody lets another writer come between reading and writing, once for each way in which others
// may change an order.
func updateOverwritesNobody(t *testing.T, s Fixture) {
	for name, between := range map[string]func(order.Progress) order.Progress{
		"status and date": func(p order.Progress) order.Progress { return later(p, order.Packaged) },
		"status alone":    func(p order.Progress) order.Progress { p.Status = order.Packaged; return p },
		"date alone":      func(p order.Progress) order.Progress { return later(p, p.Status) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, o := within(t), Sample()
			create(t, ctx, s, o)
			var seen []order.Progress
			changed, err := s.Store.Update(ctx, o.OrderID, func(p order.Progress) (order.Progress, error) {
				if seen = append(seen, p); len(seen) == 1 {
					_, err := s.Store.Update(ctx, o.OrderID, func(p order.Progress) (order.Progress, error) { return between(p), nil })
					require.NoError(t, err)
				}
				p.Total++
				return later(p, p.Status), nil
			})
			require.NoError(t, err)
			require.True(t, changed)
			require.Equal(t, []order.Progress{o.Progress(), between(o.Progress())}, seen, "it asks again with what the other wrote")
			want := between(o.Progress())
			want.Total++
			require.Equal(t, later(want, want.Status), get(t, ctx, s, o.OrderID).Progress())
		})
	}
}

// noUpdateIsLost counts updates by the total: half of them always add one, the others only if the order is not
// packaged yet, of which there can be but one.
func noUpdateIsLost(t *testing.T, s Fixture) {
	const writers = 20
	ctx, o := within(t), Sample()
	create(t, ctx, s, o)
	var (
		changed [writers]bool
		errs    [writers]error
		all     sync.WaitGroup
	)
	for i := range writers {
		all.Go(func() {
			changed[i], errs[i] = s.Store.Update(ctx, o.OrderID, func(p order.Progress) (order.Progress, error) {
				status := p.Status
				if i%2 == 0 {
					if status == order.Packaged {
						return p, nil
					}
					status = order.Packaged
				}
				p.Total++
				return later(p, status), nil
			})
		})
	}
	all.Wait()

	o.Status, o.Total = order.Packaged, o.Total+writers/2+1
	applied := 0
	for i := range writers {
		require.NoError(t, errs[i])
		if changed[i] {
			applied++
			o.ModifiedDate = next(o.ModifiedDate)
		}
	}
	require.Equal(t, writers/2+1, applied)
	requireSame(t, o, get(t, ctx, s, o.OrderID))
}
