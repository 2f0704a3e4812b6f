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

// impatient has short attempts, for faults that hang. A slow machine may time out other attempts
// too, so that there can be more attempts than faults.
var impatient = Timing{Attempt: 300 * time.Millisecond, FirstDelay: time.Millisecond, MaxDelay: 20 * time.Millisecond}

// A storeCall is one call of a store. Its result reports whether this call stored or changed the
// order.
type storeCall struct {
	operation string
	call      func(context.Context, *Store, order.Order) (done bool, err error)
	writes    bool
	stored    bool // whether the order must exist before
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
		_, err := s.List(ctx, order.Query{UserID: o.UserID, Limit: 10})
		return false, err
	}, false, true},
	"update": {"UpdateItem", func(ctx context.Context, s *Store, o order.Order) (bool, error) {
		return s.Update(ctx, o.OrderID, packaged)
	}, true, true},
}

func packaged(p order.Progress) (order.Progress, error) {
	next, err := p.ModifiedDate.Next(time.Time{})
	p.Status, p.ModifiedDate = order.Packaged, next
	return p, err
}

// newOrderFor returns an order, which is stored if the call needs one.
func (c storeCall) newOrderFor(t *testing.T, table realTable) order.Order {
	o := ordertest.Sample()
	if c.stored {
		_, err := table.store(t, table.endpoint, patient).Create(t.Context(), o)
		require.NoError(t, err)
	}
	return o
}

// onlyOf returns a fault that affects one operation only.
func onlyOf(operation string, f fault) fault {
	return func(w http.ResponseWriter, r *http.Request, forward http.HandlerFunc) {
		if operationOf(r) == operation {
			f(w, r, forward)
			return
		}
		forward(w, r)
	}
}

// requireDone requires that the order is stored as a successful call leaves it.
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

func recoversFromAFault(t *testing.T, table realTable) {
	for kind, f := range map[string]fault{"hangs": hang, "resets": reset, "500": internalError, "throttles": throttle} {
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
				require.Equal(t, want, p.operations(), "the next attempt succeeds")
			})
		}
	}
}

// survivesADroppedResponse carries out the first write and drops its response, in each of the
// possible ways.
func survivesADroppedResponse(t *testing.T, table realTable) {
	for kind, f := range map[string]fault{"reset": dropResponse, "late": lateResponse, "truncated": truncateResponse, "500": internalErrorAfterWrite} {
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
				require.Contains(t, p.operations()[1:], c.operation, "it was retried")
			})
		}
	}
}

func hasOneWinnerWithDroppedResponses(t *testing.T, table realTable) {
	const racers = 20
	p := newProxy(t, table)
	for range racers {
		p.faults = append(p.faults, dropResponse)
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

// leavesNothingHalfDone tests calls during an outage: the error is Unavailable, and the order is
// either as before or entirely as the call wanted it. A retry after the outage succeeds.
func leavesNothingHalfDone(t *testing.T, table realTable) {
	for kind, f := range map[string]fault{"hangs": hang, "resets": reset, "500": internalError, "throttles": throttle, "drops the responses": dropResponse} {
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
				if !c.writes || kind != "drops the responses" {
					require.Equal(t, string(before), string(table.stored(t, o.OrderID)))
				}
				_, err = c.call(t.Context(), table.store(t, table.endpoint, patient), o)
				require.NoError(t, err)
				if kind != "drops the responses" || name != "update" { // a second update is another change
					requireDone(t, table, name, o)
				}
			})
		}
	}
}
