package order_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// An attempt is one create in a long row of them, all with the same payment token.
type attempt struct {
	user, city string
	check      error
	get, write memory.Fault
	pack       bool // before it, the warehouse packs the order, if there is one
}

func attempts() *rapid.Generator[attempt] {
	fault := rapid.SampledFrom([]memory.Fault{memory.None, memory.None, memory.FailBefore, memory.FailAfter, memory.LostResponse})
	return rapid.Custom(func(t *rapid.T) attempt {
		return attempt{
			user:  rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "user"),
			city:  rapid.SampledFrom([]string{"Hamburg", "Altona"}).Draw(t, "city"),
			check: rapid.SampledFrom([]error{nil, nil, rejected("no"), checkFailed("timed out")}).Draw(t, "check"),
			get:   fault.Draw(t, "fault of get"),
			write: fault.Draw(t, "fault of create"),
			pack:  rapid.Bool().Draw(t, "pack"),
		}
	})
}

func TestARepeatedCreateNeverCreatesASecondOrder(t *testing.T) {
	sample := ordertest.Sample()
	rapid.Check(t, func(t *rapid.T) {
		n := &fakeChecker{}
		s := newTestService(n)
		var owner *attempt // whose order is stored
		for _, a := range rapid.SliceOfN(attempts(), 1, 12).Draw(t, "attempts") {
			if a.pack && owner != nil {
				_, err := s.Apply(t.Context(), sample.OrderID, order.FulfilmentUpdate{Status: order.Packaged, Package: []order.PackedProduct{{ProductID: "lamp", Quantity: 1}}})
				require.NoError(t, err)
			}
			n.result = returning(a.check).result
			s.faults[memory.OpGet], s.faults[memory.OpCreate] = a.get, a.write
			got, replayed, err := s.Create(t.Context(), a.user, requestFor(t, sample, func(body map[string]any) { body["address"].(map[string]any)["city"] = a.city }))
			s.faults[memory.OpGet] = memory.None

			stored, none := s.store.Get(t.Context(), sample.OrderID)
			was := owner
			if was == nil && none == nil {
				owner = &a
			}
			requireConsistent(t, a, was, owner, stored, got, replayed, err)
		}
		inserts := 0
		for _, name := range s.writes(t) {
			if name == memory.Insert {
				inserts++
			}
		}
		require.LessOrEqual(t, inserts, 1)
	})
}

// requireConsistent compares the result of an attempt with whose order was stored before it and is
// stored after it.
func requireConsistent(t *rapid.T, a attempt, was, is *attempt, stored, got order.Order, replayed bool, err error) {
	mine := is != nil && is.user == a.user && is.city == a.city
	switch order.KindOf(err) {
	case "":
		require.True(t, mine)
		require.Equal(t, was != nil, replayed)
		require.Equal(t, withoutDocument(stored), withoutDocument(got))
		require.Equal(t, a.user, stored.UserID)
		require.Equal(t, a.city, stored.Address.City)
	case order.TokenUsed:
		require.NotNil(t, was)
		require.False(t, mine)
	case order.Rejected, order.CheckFailed:
		require.Equal(t, order.KindOf(a.check), order.KindOf(err))
		require.Nil(t, is, "a create whose order is stored does not return a rejection")
	case order.Unavailable:
		fault := a.write
		if a.check != nil {
			fault = a.get
		}
		require.Contains(t, []memory.Fault{memory.FailBefore, memory.FailAfter}, fault)
	default:
		require.Fail(t, "no such error is promised", "%v", err)
	}
}

func TestOneOfManyConcurrentCreatesIsStored(t *testing.T) {
	const callers = 20
	s := newTestService(&fakeChecker{}, &fakeChecker{})
	var ticks atomic.Int64
	s.Now = func() time.Time { return morning.Add(time.Duration(ticks.Add(1)) * time.Second) }
	o := ordertest.Sample()
	request := requestFor(t, o)

	var orders [callers]order.Order
	var replays [callers]bool
	var errs [callers]error
	var start, all sync.WaitGroup
	start.Add(1)
	for i := range callers {
		all.Go(func() {
			start.Wait()
			orders[i], replays[i], errs[i] = s.Create(t.Context(), o.UserID, request)
		})
	}
	start.Done()
	all.Wait()

	created := 0
	for i := range callers {
		require.NoError(t, errs[i])
		require.Equal(t, withoutDocument(orders[0]), withoutDocument(orders[i]), "all return the one that is stored")
		if !replays[i] {
			created++
		}
	}
	require.Equal(t, 1, created)
	require.Equal(t, []string{memory.Insert}, s.writes(t))
}

func TestOneOfTwoUsersWithOneTokenGetsTheOrder(t *testing.T) {
	const callers = 20
	s, o := newTestService(&fakeChecker{}), ordertest.Sample()
	request := requestFor(t, o)
	var orders [callers]order.Order
	var errs [callers]error
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() { orders[i], _, errs[i] = s.Create(t.Context(), []string{"ann", "bob"}[i%2], request) })
	}
	all.Wait()
	stored, err := s.Get(t.Context(), o.OrderID)
	require.NoError(t, err)
	for i := range callers {
		if stored.UserID == []string{"ann", "bob"}[i%2] {
			require.NoError(t, errs[i])
			require.Equal(t, withoutDocument(stored), withoutDocument(orders[i]))
		} else {
			require.Equal(t, order.TokenUsed, order.KindOf(errs[i]))
		}
	}
}
