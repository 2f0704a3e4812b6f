package acceptance

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// statuses are in the order in which they rise. Where the platform's own services pack and deliver,
// an order may have a higher status than these tests gave it.
var statuses = []string{"NEW", "PACKAGING_FAILED", "PACKAGED", "DELIVERY_FAILED", "FULFILLED"}

// waitForStatus waits until an order has a status or a higher one, and meets a condition.
func (s *service) waitForStatus(t *testing.T, orderID, status string, meets func(placedOrder) bool) placedOrder {
	t.Helper()
	var o placedOrder
	s.waitUntil(t, "order "+orderID+" is not "+status, func() bool {
		o, _ = s.read(t, orderID)
		return slices.Index(statuses, o.Status) >= slices.Index(statuses, status) && meets(o)
	})
	return o
}

func anyOrder(placedOrder) bool { return true }

// fulfilmentUpdates sends what warehouse and delivery would send. A companion order, which a stale
// update also names, shows that the update was processed: the orders of an event are updated one
// after the other.
func fulfilmentUpdates(t *testing.T, s *service) {
	o, companion := s.create(t), s.create(t)
	first := o.Products[0]
	s.putEvent(t, "ecommerce.warehouse", "PackageCreated", map[string]any{"orderId": o.OrderID, "products": []map[string]any{
		{"productId": "__metadata", "orderId": o.OrderID, "status": "COMPLETED", "modifiedDate": o.ModifiedDate},
		{"productId": first.ProductID, "quantity": 1},
	}}, o.OrderID)
	packed := s.waitForStatus(t, o.OrderID, "PACKAGED", func(o placedOrder) bool {
		return slices.Equal(o.Products, []line{{first.ProductID, first.Price, 1}})
	})
	require.Equal(t, first.Price+o.DeliveryPrice, packed.Total)
	require.Equal(t, o.DeliveryPrice, packed.DeliveryPrice)
	require.Greater(t, packed.ModifiedDate, o.ModifiedDate)
	s.passed("a PackageCreated with fewer products makes the order PACKAGED, and reduces its products and its total from %[2]d to %[1]d", packed.Total, o.Total)

	s.putEvent(t, "ecommerce.delivery", "DeliveryCompleted", map[string]any{}, o.OrderID)
	s.waitForStatus(t, o.OrderID, "FULFILLED", anyOrder)
	fulfilled, before := s.read(t, o.OrderID)
	s.passed("a DeliveryCompleted makes it FULFILLED")
	requireHistory(t, fulfilled, "NEW", "PACKAGED", "FULFILLED")
	s.passed("the history has each of its statuses once, with increasing dates")
	polling(t, s, o.OrderID)

	s.putEvent(t, "ecommerce.delivery", "DeliveryFailed", map[string]any{}, o.OrderID, companion.OrderID)
	s.waitForStatus(t, companion.OrderID, "DELIVERY_FAILED", anyOrder)
	_, after := s.read(t, o.OrderID)
	require.Equal(t, before, after)
	s.passed("a stale DeliveryFailed changes nothing")
	unknownOrder(t, s, companion)
}

// requireHistory requires these statuses, possibly with others in between.
func requireHistory(t *testing.T, o placedOrder, expected ...string) {
	t.Helper()
	require.NotEmpty(t, o.History)
	require.Equal(t, o.CreatedDate, o.History[0].Date)
	require.Equal(t, o.Status, o.History[len(o.History)-1].Status)
	var found []string
	for i, entry := range o.History {
		found = append(found, entry.Status)
		if i > 0 {
			require.Greater(t, entry.Date, o.History[i-1].Date)
			require.Greater(t, slices.Index(statuses, entry.Status), slices.Index(statuses, o.History[i-1].Status))
		}
	}
	require.Subset(t, found, expected)
}

// polling gets an order again with the entity tag of its last response.
func polling(t *testing.T, s *service, orderID string) {
	t.Helper()
	url := s.apiURL + "/backend/" + orderID
	first := s.send(t, http.MethodGet, url, nil, s.signed)
	tag := first.header.Get("ETag")
	require.Regexp(t, `^"[^"]+"$`, tag)
	again := s.send(t, http.MethodGet, url, nil, func(ctx context.Context, r *http.Request, body []byte) error {
		r.Header.Set("If-None-Match", tag)
		return s.signed(ctx, r, body)
	})
	require.Equal(t, http.StatusNotModified, again.status)
	require.Empty(t, again.body)
	require.Equal(t, tag, again.header.Get("ETag"))
	s.passed("with its ETag, an unchanged order is 304 without a body")
}

// unknownOrder sends an update for an order that does not exist. On AWS it leaves a dead letter and
// raises an alarm, so it is left out unless it is requested.
func unknownOrder(t *testing.T, s *service, companion placedOrder) {
	t.Helper()
	if !s.ghost {
		s.passed("left out: an update for an unknown order, because it would end in the dead-letter queue and raise an alarm; ACCEPTANCE_GHOST=yes sends it")
		return
	}
	ghost := uuid.NewString()
	s.putEvent(t, "ecommerce.delivery", "DeliveryCompleted", map[string]any{}, ghost, companion.OrderID)
	s.waitForStatus(t, companion.OrderID, "FULFILLED", anyOrder)
	r := s.send(t, http.MethodGet, s.apiURL+"/backend/"+ghost, nil, s.signed)
	require.Equal(t, http.StatusNotFound, r.status)
	s.passed("an update for an unknown order creates no order; delete it from the dead-letter queue")
}
