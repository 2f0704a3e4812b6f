package order_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// withCreatedOrder returns a service that has created o.
func withCreatedOrder(t *testing.T, checkers ...*fakeChecker) (s *testService, o order.Order) {
	t.Helper()
	s, o = newTestService(checkers...), ordertest.Sample()
	o, replayed, err := s.Create(t.Context(), o.UserID, requestFor(t, o))
	require.NoError(t, err)
	require.False(t, replayed)
	return s, o
}

func requireReplayed(t *testing.T, s *testService, want order.Order, request order.Request) {
	t.Helper()
	s.Now = func() time.Time { return morning.Add(time.Hour) }
	got, replayed, err := s.Create(t.Context(), want.UserID, request)
	require.NoError(t, err)
	require.True(t, replayed)
	require.Equal(t, withoutDocument(want), withoutDocument(got))
}

func requireTokenUsed(t *testing.T, s *testService, userID string, request order.Request) {
	t.Helper()
	before := s.writes(t)
	got, replayed, err := s.Create(t.Context(), userID, request)
	require.Equal(t, order.TokenUsed, order.KindOf(err))
	require.EqualError(t, err, "Payment token already used")
	require.False(t, replayed)
	require.Empty(t, got, "nothing of the other order is returned")
	require.Equal(t, before, s.writes(t))
}

func TestTheSameRequestAgainReturnsTheStoredOrder(t *testing.T) {
	for name, edit := range map[string]func(body map[string]any){
		"as it was":              func(map[string]any) {},
		"a quantity of 1 absent": func(body map[string]any) { delete(line(body, 2), "quantity") },
		"with unknown fields":    func(body map[string]any) { body["note"], line(body, 0)["color"] = "soon", "red" },
		"with its total":         func(body map[string]any) { body["total"] = 8448 },
	} {
		t.Run(name, func(t *testing.T) {
			s, o := withCreatedOrder(t)
			requireReplayed(t, s, o, requestFor(t, o, edit))
			require.Equal(t, []string{memory.Insert}, s.writes(t))
		})
	}
}

func TestAnyOtherRequestForASpentTokenIsRejected(t *testing.T) {
	address := func(name string, value any) func(map[string]any) {
		return func(body map[string]any) { body["address"].(map[string]any)[name] = value }
	}
	for name, edit := range map[string]func(body map[string]any){
		"name":                   address("name", "Ada Ember"),
		"street":                 address("streetAddress", "Lange Reihe 8"),
		"city":                   address("city", "Altona"),
		"country":                address("country", "de"),
		"phone number":           address("phoneNumber", "+49"),
		"company":                address("companyName", "Ember"),
		"no company":             func(body map[string]any) { delete(body["address"].(map[string]any), "companyName") },
		"post code":              address("postCode", ""),
		"state, empty or absent": address("state", ""),
		"delivery price":         func(body map[string]any) { body["deliveryPrice"] = 1001 },
		"quantity":               func(body map[string]any) { line(body, 0)["quantity"] = 3 },
		"price":                  func(body map[string]any) { line(body, 0)["price"] = 1998 },
		"name of a product":      func(body map[string]any) { line(body, 0)["name"] = "Lamp" },
		"package":                func(body map[string]any) { line(body, 0)["package"].(map[string]any)["weight"] = 1 },
		"fewer products":         func(body map[string]any) { body["products"] = body["products"].([]any)[:2] },
		"products in another order": func(body map[string]any) {
			p := body["products"].([]any)
			p[0], p[1] = p[1], p[0]
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, o := withCreatedOrder(t)
			requireTokenUsed(t, s, o.UserID, requestFor(t, o, edit))
		})
	}
	t.Run("another user", func(t *testing.T) {
		s, o := withCreatedOrder(t)
		requireTokenUsed(t, s, "another", requestFor(t, o))
	})
	t.Run("an order that has the id and another token", func(t *testing.T) {
		requested := ordertest.Sample()
		kept := requested
		kept.PaymentToken = "another"
		requireTokenUsed(t, withOrder(t, kept), requested.UserID, requestFor(t, requested))
	})
}

func TestARepeatIsRecognisedAfterFulfilmentReducedTheProducts(t *testing.T) {
	s, o := withCreatedOrder(t)
	result, err := s.Apply(t.Context(), o.OrderID, order.FulfilmentUpdate{Status: order.Packaged, Package: []order.PackedProduct{{ProductID: "mug", Quantity: 1}}})
	require.NoError(t, err)
	require.True(t, result.Changed)
	cut, err := s.Get(t.Context(), o.OrderID)
	require.NoError(t, err)
	require.Len(t, cut.Products, 1)

	requireReplayed(t, s, cut, requestFor(t, o))
	requireTokenUsed(t, s, "another", requestFor(t, o))
	requireTokenUsed(t, s, o.UserID, requestFor(t, o, func(body map[string]any) { body["address"].(map[string]any)["city"] = "Altona" }))
	requireTokenUsed(t, s, o.UserID, requestFor(t, o, func(body map[string]any) { body["deliveryPrice"] = 0 }))
}

func TestARepeatThatDoesNotPassItsChecksReturnsTheStoredOrder(t *testing.T) {
	for name, result := range map[string]error{"rejected": rejected("Wrong payment token"), "check failed": checkFailed("timed out"), "unexpected": errUnexpected} {
		t.Run(name, func(t *testing.T) {
			n := &fakeChecker{}
			s, o := withCreatedOrder(t, n)
			n.result = returning(result).result
			requireReplayed(t, s, o, requestFor(t, o))
			requireTokenUsed(t, s, "another", requestFor(t, o))

			s.faults[memory.OpGet] = memory.FailBefore
			_, _, err := s.Create(t.Context(), o.UserID, requestFor(t, o))
			require.Equal(t, order.Unavailable, order.KindOf(err), "a rejection might make the user pay twice")
			require.NotErrorIs(t, err, result)
			var reported *order.Error
			require.ErrorAs(t, err, &reported)
			require.Equal(t, order.StoreError(nil).Details, reported.Details, "as the store's failure")
			if name == "check failed" {
				require.ErrorContains(t, err, "timed out", "operators see both")
			}
		})
	}
}

func TestACreateThatWasStoredButFailedCanBeRepeated(t *testing.T) {
	s, o := newTestService(), ordertest.Sample()
	s.faults[memory.OpCreate] = memory.FailAfter
	_, _, err := s.Create(t.Context(), o.UserID, requestFor(t, o))
	require.Equal(t, order.Unavailable, order.KindOf(err))
	stored, err := s.Get(t.Context(), o.OrderID)
	require.NoError(t, err)

	s.faults[memory.OpCreate] = memory.None
	requireReplayed(t, s, stored, requestFor(t, o))
	require.Equal(t, []string{memory.Insert}, s.writes(t))
}

func TestALostResponseIsACreation(t *testing.T) {
	s, o := newTestService(), ordertest.Sample()
	s.faults[memory.OpCreate] = memory.LostResponse
	_, replayed, err := s.Create(t.Context(), o.UserID, requestFor(t, o))
	require.NoError(t, err)
	require.False(t, replayed)
	require.Equal(t, []string{memory.Insert}, s.writes(t))
}

func TestARepeatIsRecognisedHoweverItIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := ordertest.NewOrders().Draw(t, "order")
		s := newTestService()
		for i, call := range []string{"first", "again"} {
			request, err := order.ParseRequest(ordertest.DrawRequest(t, o))
			require.NoError(t, err)
			_, replayed, err := s.Create(t.Context(), o.UserID, request)
			require.NoError(t, err, call)
			require.Equal(t, i > 0, replayed, call)
		}
	})
}
