package ordertest

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

// next returns the earliest date after d, which must be a date.
func next(d order.Date) order.Date {
	next, err := d.Next(time.Time{})
	if err != nil {
		panic(err)
	}
	return next
}

// later returns p with a status, at the earliest date after its own.
func later(p order.Progress, status order.Status) order.Progress {
	p.Status, p.ModifiedDate = status, next(p.ModifiedDate)
	return p
}

// seedOriginal stores an Original with a fresh ID and user.
func seedOriginal(t *testing.T, s Fixture) (orderID string, document json.RawMessage) {
	orderID = freshID()
	document = Original(orderID, uuid.NewString())
	s.Seed(t, document)
	return orderID, document
}

func noGhost(t *testing.T, s Fixture) {
	ctx, orderID := within(t), freshID()
	changed, err := s.Store.Update(ctx, orderID, func(p order.Progress) (order.Progress, error) {
		t.Error("change was called for an order that does not exist")
		return later(p, order.Packaged), nil
	})
	requireKind(t, order.NotFound, err)
	require.False(t, changed)
	require.Nil(t, s.Stored(t, orderID))
	_, err = s.Store.Get(ctx, orderID)
	requireKind(t, order.NotFound, err)
}

func updateKeepsTheRest(t *testing.T, s Fixture) {
	tests := map[string]struct {
		change func(p order.Progress) order.Progress
		expect func(document map[string]any) // edits the document as the update must
	}{
		"the status": {
			func(p order.Progress) order.Progress { return later(p, order.Packaged) },
			func(d map[string]any) { d["status"] = "PACKAGED" },
		},
		"the total": {
			func(p order.Progress) order.Progress { p.Total = 7; return later(p, p.Status) },
			func(d map[string]any) { d["total"] = json.Number("7") },
		},
		"a quantity": {
			func(p order.Progress) order.Progress { p.Lines[2].Quantity = 3; return later(p, p.Status) },
			func(d map[string]any) { line(d, 2)["quantity"] = json.Number("3") },
		},
		"the first line goes": {
			func(p order.Progress) order.Progress { p.Lines[0].Quantity = 0; return later(p, p.Status) },
			func(d map[string]any) { d["products"] = []any{line(d, 1), line(d, 2)} },
		},
		"everything": {
			func(p order.Progress) order.Progress {
				p.Lines[0].Quantity, p.Lines[1].Quantity, p.Lines[2].Quantity, p.Total = 1, 0, 4, 6799
				return later(p, order.Packaged)
			},
			func(d map[string]any) {
				line(d, 0)["quantity"], line(d, 2)["quantity"] = json.Number("1"), json.Number("4")
				d["status"], d["total"], d["products"] = "PACKAGED", json.Number("6799"), []any{line(d, 0), line(d, 2)}
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			orderID, document := seedOriginal(t, s)
			changed, err := s.Store.Update(within(t), orderID, func(p order.Progress) (order.Progress, error) { return test.change(p), nil })
			require.NoError(t, err)
			require.True(t, changed)
			want := decode(t, document)
			want["modifiedDate"] = "2020-11-05T09:41:07.280132Z"
			test.expect(want)
			require.Equal(t, quantified(want), quantified(decode(t, s.Stored(t, orderID))))
		})
	}
}

func line(document map[string]any, i int) map[string]any {
	return document["products"].([]any)[i].(map[string]any)
}

// quantified sets missing quantities, because a store that writes products may write them or not.
func quantified(document map[string]any) map[string]any {
	for i := range document["products"].([]any) {
		if product := line(document, i); product["quantity"] == nil {
			product["quantity"] = json.Number("1")
		}
	}
	return document
}

func updatesAddUp(t *testing.T, s Fixture) {
	ctx, o := within(t), Sample()
	create(t, ctx, s, o)
	for range 3 {
		changed, err := s.Store.Update(ctx, o.OrderID, func(p order.Progress) (order.Progress, error) {
			p.Lines[len(p.Lines)-1].Quantity = 0
			p.Total -= 10
			return later(p, p.Status), nil
		})
		require.NoError(t, err)
		require.True(t, changed)
		o.Products = o.Products[:len(o.Products)-1]
		o.Total -= 10
		o.ModifiedDate = next(o.ModifiedDate)
		requireSame(t, o, get(t, ctx, s, o.OrderID))
	}
}

func updateSeesProgress(t *testing.T, s Fixture) {
	orderID, document := seedOriginal(t, s)
	var seen order.Progress
	_, err := s.Store.Update(within(t), orderID, func(p order.Progress) (order.Progress, error) { seen = p; return p, nil })
	require.NoError(t, err)
	require.Equal(t, order.Progress{
		OrderID:       orderID,
		Status:        order.New,
		Lines:         []order.Line{{ProductID: "lamp", Price: 1999, Quantity: 2}, {ProductID: "mug", Price: 450, Quantity: 1}, {ProductID: "poster", Price: 1200, Quantity: 5}},
		DeliveryPrice: 0,
		Total:         10448,
		ModifiedDate:  "2020-11-05T09:41:07.280131",
	}, seen)
	requireStored(t, s, orderID, document)
}

func updateOfNothing(t *testing.T, s Fixture) {
	orderID, document := seedOriginal(t, s)
	changed, err := s.Store.Update(within(t), orderID, func(p order.Progress) (order.Progress, error) { return p, nil })
	require.NoError(t, err)
	require.False(t, changed)
	requireStored(t, s, orderID, document)
}

func failedUpdate(t *testing.T, s Fixture) {
	orderID, document := seedOriginal(t, s)
	for _, cause := range []error{errors.New("cannot be"), &order.Error{Kind: order.Rejected, Message: "Must not be"}} {
		changed, err := s.Store.Update(within(t), orderID, func(p order.Progress) (order.Progress, error) {
			return later(p, order.Packaged), cause
		})
		require.ErrorIs(t, err, cause)
		require.Equal(t, order.KindOf(cause), order.KindOf(err))
		require.False(t, changed)
		requireStored(t, s, orderID, document)
	}
}

// updateOverwritesNobody writes between the update's read and write, once for each way in which
// other writers may change an order.
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
			require.Equal(t, []order.Progress{o.Progress(), between(o.Progress())}, seen, "it retries with what the other wrote")
			want := between(o.Progress())
			want.Total++
			require.Equal(t, later(want, want.Status), get(t, ctx, s, o.OrderID).Progress())
		})
	}
}

// noUpdateIsLost counts updates by the total: half of them always add one, the others only if the
// order is not packaged yet, which is true for one.
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
