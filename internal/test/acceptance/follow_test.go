package acceptance

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// statuses is how far an order has come, in the order in which it rises. Where others pack and deliver as well, an
// order may be further than these tests brought it.
var statuses = []string{"NEW", "PACKAGING_FAILED", "PACKAGED", "DELIVERY_FAILED", "FULFILLED"}

// waitForStatus waits until an order has got there, or further, and looks right.
func (s *service) waitForStatus(t *testing.T, orderID, status string, isRight func(placed) bool) placed {
	t.Helper()
	var o placed
	s.waitFor(t, "order "+orderID+" is not "+status, func() bool {
		o, _ = s.read(t, orderID)
		return slices.Index(statuses, o.Status) >= slices.Index(statuses, status) && isRight(o)
	})
	return o
}

func anyOrder(placed) bool { return true }

// follows reports of orders what warehouse and delivery would. That an event which changes nothing has been handled
// shows in another order that it names as well: one event is handled for its orders one after the other.
func follows(t *testing.T, s *service) {
	o, companion := s.create(t), s.create(t)
	first := o.Products[0]
	s.report(t, "ecommerce.warehouse", "PackageCreated", map[string]any{"orderId": o.OrderID, "products": []map[string]any{
		{"productId": "__metadata", "orderId": o.OrderID, "status": "COMPLETED", "modifiedDate": o.ModifiedDate},
		{"productId": first.ProductID, "quantity": 1},
	}}, o.OrderID)
	packed := s.waitForStatus(t, o.OrderID, "PACKAGED", func(o placed) bool {
		return slices.Equal(o.Products, []line{{first.ProductID, first.Price, 1}})
	})
	require.Equal(t, first.Price+o.DeliveryPrice, packed.Total)
	require.Equal(t, o.DeliveryPrice, packed.DeliveryPrice)
	require.Greater(t, packed.ModifiedDate, o.ModifiedDate)
	s.found("packed in part, an order is PACKAGED, its products are cut, and its total follows: %d, was %d", packed.Total, o.Total)

	s.report(t, "ecommerce.delivery", "DeliveryCompleted", map[string]any{}, o.OrderID)
	s.waitForStatus(t, o.OrderID, "FULFILLED", anyOrder)
	_, before := s.read(t, o.OrderID)
	s.found("delivered, it is FULFILLED")

	s.report(t, "ecommerce.delivery", "DeliveryFailed", map[string]any{}, o.OrderID, companion.OrderID)
	s.waitForStatus(t, companion.OrderID, "DELIVERY_FAILED", anyOrder)
	_, after := s.read(t, o.OrderID)
	require.Equal(t, before, after)
	s.found("a failed delivery that is reported late changes nothing of it")
	haunts(t, s, companion)
}

// haunts reports of an order that does not exist. On AWS that leaves a dead letter, and wakes whoever its alarm wakes: so
// it is left out unless it is asked for.
func haunts(t *testing.T, s *service, companion placed) {
	t.Helper()
	if !s.ghost {
		s.found("left out: an event for an order that does not exist, which would end in the dead-letter queue and raise its alarm; ACCEPTANCE_GHOST=yes sends it")
		return
	}
	ghost := uuid.NewString()
	s.report(t, "ecommerce.delivery", "DeliveryCompleted", map[string]any{}, ghost, companion.OrderID)
	s.waitForStatus(t, companion.OrderID, "FULFILLED", anyOrder)
	r := s.send(t, http.MethodGet, s.apiURL+"/backend/"+ghost, nil, s.services)
	require.Equal(t, http.StatusNotFound, r.status)
	s.found("an event for an order that does not exist makes none; it ends in the dead-letter queue, to be deleted by hand")
}
