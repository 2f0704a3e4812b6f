package acceptance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// requireRefusal holds an answer to a refusal in full; without errors any will do, but there must be some.
func requireRefusal(t *testing.T, a answer, message string, errors ...string) {
	t.Helper()
	require.False(t, a.Success)
	require.Empty(t, a.Order.OrderID)
	require.Equal(t, message, a.Message, "%v", a.Errors)
	if errors == nil {
		require.NotEmpty(t, a.Errors)
		return
	}
	require.Equal(t, errors, a.Errors)
}

// refused sends requests that the service turns down by itself.
func refused(t *testing.T, s *service) {
	good := s.newRequest(t)
	requireRefusal(t, s.invoke(t, map[string]any{}), "Invalid event", "Missing order in event", "Missing userId in event")
	requireRefusal(t, s.invoke(t, map[string]any{"order": good}), "Invalid event", "Missing userId in event")
	requireRefusal(t, s.invoke(t, map[string]any{"userId": s.user}), "Invalid event", "Missing order in event")
	s.found("an event without order or user is refused")

	shapeless := good.clone(t)
	delete(shapeless, "address")
	shapeless.product(0)["quantity"] = -1
	shapeless["paymentToken"] = ""
	requireRefusal(t, s.order(t, s.user, shapeless), "JSON Schema validation error",
		"/products/0/quantity: must be at least 1", "/address: is required", "/paymentToken: must not be empty")
	s.found("an order of the wrong shape is refused, with all its faults at once")

	large := good.clone(t)
	large["comment"] = strings.Repeat("x", 128<<10)
	requireRefusal(t, s.order(t, s.user, large), "Request too large")
	s.found("an order over 128 KiB is refused")

	wrong := good.clone(t)
	wrong["total"] = good.total() + 1
	requireRefusal(t, s.order(t, s.user, wrong), "Validation errors",
		fmt.Sprintf("Wrong total: got %d, expected %d", good.total()+1, good.total()))
	s.found("an order with a wrong total is refused")
}

// checksSayNo sends requests that a neighbour turns down, and mends the last.
func checksSayNo(t *testing.T, s *service) {
	good := s.newRequest(t)
	price := good["deliveryPrice"].(int64)

	dear := good.clone(t)
	dear["deliveryPrice"] = price + 1
	requireRefusal(t, s.order(t, s.user, dear), "Validation errors", fmt.Sprintf("Wrong delivery price: got %d, expected %d", price+1, price))
	s.found("an order with a delivery price that delivery-pricing does not ask is refused")

	unpaid := good.clone(t)
	unpaid["paymentToken"] = uuid.NewString()
	requireRefusal(t, s.order(t, s.user, unpaid), "Validation errors", "Wrong payment token")
	s.found("an order with a token that payment does not know is refused")

	unknown := good.clone(t)
	unknown.product(0)["productId"] = uuid.NewString()
	a := s.order(t, s.user, unknown)
	requireRefusal(t, a, "Validation errors")
	require.NotContains(t, strings.Join(a.Errors, "; "), "Failure to contact")
	s.found("an order of a product that products does not sell is refused")

	a = s.order(t, s.user, good)
	require.True(t, a.Success, "%s %v", a.Message, a.Errors)
	s.found("none of these was stored: their token still buys an order that is right")
}
