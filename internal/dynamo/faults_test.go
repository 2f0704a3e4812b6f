package dynamo

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// impatient gives hanging attempts up soon. An attempt that was merely slow may be given up as well, so that there
// can be more of them than faults.
var impatient = Timing{Attempt: 300 * time.Millisecond, FirstDelay: time.Millisecond, MaxDelay: 20 * time.Millisecond}

// A storeCall is one call of a store, about an order. It returns whether that was stored or changed by this call.
type storeCall struct {
	operation string
	call      func(context.Context, *Store, order.Order) (done bool, err error)
	writes    bool
	stored    bool // whether the order is there before
}

var storeCalls = map[string]storeCall{
	"create": {"PutItem", func(ctx context.Context, s *Store, o order.Order) (bool, error) {
		existing, err := s.Create(ctx, o)
		return existing == nil && err == nil, err
	}, true, false},
	"get": {"GetItem", func(ctx context.Context, s *Store, o order.Order) (bool, error) {
		_, err := s.Get(ctx, o.OrderID)
		return false, err
	}, false, true},
	"list": {"Query", func(ctx context.Context, s *Store, o order.Order) (bool, error) {
		_, err := s.List(ctx, o.UserID, 10, nil)
		return false, err
	}, false, true},
	"update": {"UpdateItem", func(ctx context.Context, s *Store, o order.Order) (bool, error) {
		return s.Update(ctx, o.OrderID, packaged)
	}, true, true},
}

func packaged(p order.Progress) (order.Progress, error) {
	p.Status, p.ModifiedDate = order.Packaged, p.ModifiedDate.Next(time.Time{})
	return p, nil
}

// newOrderFor is an order, stored before if the call is about one that is.
func (c storeCall) newOrderFor(t *testing.T, table realTable) order.Order {
	o := ordertest.Sample()
	if c.stored {
		_, err := table.store(t, table.endpoint, patient).Create(t.Context(), o)
		require.NoError(t, err)
	}
	return o
}

// onlyOf is a fault for one operation; all others go well.
func onlyOf(operation string, f fault) fault {
	return func(w http.ResponseWriter, r *http.Request, forward http.HandlerFunc) {
		if operationOf(r) == operation {
			f(w, r, forward)
			return
		}
		forward(w, r)
	}
}

// requireDone demands that the order is stored as a call that has succeeded leaves it.
func requireDone(t *testing.T, table realTable, name string, o order.Order) {
	got, err := table.store(t, table.endpoint, patient).Get(t.Context(), o.OrderID)
	require.NoError(t, err)
	if name == "update" {
		p, err := packaged(o.Progress())
		require.NoError(t, err)
		o.Status, o.ModifiedDate = p.Status, p.ModifiedDate
	}
	equalOrders(t, o, got)
}

func outlastsAFault(t *testing.T, table realTable) {
	for kind, f := range map[string]fault{"hangs": hanging, "resets": cut, "500": broken, "throttles": throttled} {
		for name, c := range storeCalls {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				o := c.newOrderFor(t, table)
				p := newProxy(t, table)
				p.faults = []fault{f}
				timing := patient
				if kind == "hangs" {
					timing = impatient
				}
				done, err := c.call(t.Context(), table.store(t, p.endpoint, timing), o)
				require.NoError(t, err)
				require.Equal(t, c.writes, done)
				requireDone(t, table, name, o)
				if kind == "hangs" {
					require.GreaterOrEqual(t, len(p.operations()), 2)
					return
				}
				want := []string{c.operation, c.operation}
				if name == "update" {
					want = []string{"GetItem", "GetItem", "UpdateItem"}
				}
				require.Equal(t, want, p.operations(), "the very next attempt succeeds")
			})
		}
	}
}

// survivesALostAnswer lets the first write land, and its answer get lost in one of the ways there are.
func survivesALostAnswer(t *testing.T, table realTable) {
	for kind, f := range map[string]fault{"cut": lost, "late": lateAnswer, "half": halfAnswer, "500": serverError} {
		for name, c := range storeCalls {
			if !c.writes {
				continue
			}
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				o := c.newOrderFor(t, table)
				p := newProxy(t, table, f)
				timing := patient
				if kind == "late" {
					timing = impatient
				}
				if c.operation == "UpdateItem" {
					p.faults = []fault{nil, f} // the first reads
				}
				done, err := c.call(t.Context(), table.store(t, p.endpoint, timing), o)
				require.NoError(t, err)
				require.True(t, done, "by this call")
				requireDone(t, table, name, o)
				require.Contains(t, p.operations()[1:], c.operation, "it was tried again")
			})
		}
	}
}

func hasOneWinnerThoughAnswersGetLost(t *testing.T, table realTable) {
	const racers = 20
	p := newProxy(t, table)
	for range racers {
		p.faults = append(p.faults, lost)
	}
	store, sample := table.store(t, p.endpoint, patient), ordertest.Sample()
	var (
		orders   [racers]order.Order
		existing [racers]*order.Order
		errs     [racers]error
		all      sync.WaitGroup
	)
	for i := range racers {
		orders[i] = ordertest.Sample(func(o *order.Order) { o.OrderID = sample.OrderID })
		all.Go(func() { existing[i], errs[i] = store.Create(t.Context(), orders[i]) })
	}
	all.Wait()
	stored, err := table.store(t, table.endpoint, patient).Get(t.Context(), sample.OrderID)
	require.NoError(t, err)
	winners := 0
	for i := range racers {
		require.NoError(t, errs[i])
		if existing[i] == nil {
			winners++
			existing[i] = &orders[i]
		}
		equalOrders(t, stored, *existing[i])
	}
	require.Equal(t, 1, winners)
	require.Greater(t, len(p.operations()), racers)
}

// leavesNothingHalfDone shows what becomes of a call when the table never answers: a plain Unavailable, and an order
// that is either as before or as a whole as the call wanted it. Asking again when the table is back mends it.
func leavesNothingHalfDone(t *testing.T, table realTable) {
	for kind, f := range map[string]fault{"hangs": hanging, "resets": cut, "500": broken, "throttles": throttled, "loses the answers": lost} {
		for name, c := range storeCalls {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				o := c.newOrderFor(t, table)
				p := newProxy(t, table)
				p.outage = onlyOf(c.operation, f)
				before := table.stored(t, o.OrderID)
				store := table.store(t, p.endpoint, Timing{Attempt: 40 * time.Millisecond})
				ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
				defer cancel()
				done, err := c.call(ctx, store, o)
				require.Equal(t, order.Unavailable, order.KindOf(err))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.False(t, done)
				require.NotContains(t, err.Error(), o.Address.Name)
				require.NotContains(t, err.Error(), string(o.PaymentToken))
				if !c.writes || kind != "loses the answers" {
					require.Equal(t, string(before), string(table.stored(t, o.OrderID)))
				}
				_, err = c.call(t.Context(), table.store(t, table.endpoint, patient), o)
				require.NoError(t, err)
				if kind != "loses the answers" || name != "update" { // a second update is another change
					requireDone(t, table, name, o)
				}
			})
		}
	}
}
