package handler_test

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

func onEvents(s *shop) *handler.OnEvents {
	return &handler.OnEvents{Orders: s.orders, Metrics: s.counter, Log: s.log}
}

func busEvent(source, detailType, detail string, orderIDs ...string) []byte {
	event, err := json.Marshal(map[string]any{
		"version": "0", "id": "e1", "source": source, "detail-type": detailType, "time": "2026-01-01T00:00:00Z",
		"resources": orderIDs, "detail": json.RawMessage(detail),
	})
	if err != nil {
		panic(err)
	}
	return event
}

func packageOf(products string) string {
	return `{"orderId":"x","products":[` + products + `{"productId":"__metadata","orderId":"x","status":"COMPLETED","modifiedDate":"2026-01-01T00:00:00"}]}`
}

func (s *shop) get(t *testing.T, orderID string) order.Order {
	t.Helper()
	o, err := s.store.Get(t.Context(), orderID)
	require.NoError(t, err)
	return o
}

func TestUpdatesAreApplied(t *testing.T) {
	for name, c := range map[string]struct {
		source, detailType, detail string
		status                     order.Status
		metric                     string
		total                      int64
	}{
		"packed":          {"ecommerce.warehouse", "PackageCreated", packageOf(`{"productId":"lamp","quantity":2},{"productId":"mug"},{"productId":"poster","quantity":1},`), order.Packaged, "orderPackaged", 8448},
		"packed in part":  {"ecommerce.warehouse", "PackageCreated", packageOf(`{"productId":"lamp","quantity":1},{"productId":"mug","quantity":0},`), order.Packaged, "orderPackaged", 2999},
		"nothing packed":  {"ecommerce.warehouse", "PackageCreated", packageOf(""), order.PackagingFailed, "orderFailed", 8448},
		"packing failed":  {"ecommerce.warehouse", "PackagingFailed", `{}`, order.PackagingFailed, "orderFailed", 8448},
		"delivered":       {"ecommerce.delivery", "DeliveryCompleted", `{}`, order.Fulfilled, "orderFulfilled", 8448},
		"delivery failed": {"ecommerce.delivery", "DeliveryFailed", `{}`, order.DeliveryFailed, "orderFailed", 8448},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop()
			before := s.stored(t)
			event := busEvent(c.source, c.detailType, c.detail, before.OrderID)
			for range 2 { // the duplicate changes and counts nothing
				_, err := onEvents(s).Invoke(t.Context(), event)
				require.NoError(t, err)
				after := s.get(t, before.OrderID)
				require.Equal(t, c.status, after.Status)
				require.Equal(t, c.total, after.Total)
				require.Equal(t, before.CreatedDate, after.CreatedDate)
				require.Equal(t, before.DeliveryPrice, after.DeliveryPrice)
				require.Greater(t, after.ModifiedDate, before.ModifiedDate)
				require.Equal(t, map[string]int64{c.metric: 1}, s.counter.counts)
			}
			changes, err := s.store.Records(t.Context(), "", 10)
			require.NoError(t, err)
			require.Len(t, changes, 2, "one creation, one change")
		})
	}
}

func TestAnUpdateOfAnUnknownOrderWritesNothingAndFails(t *testing.T) {
	s, ghost := newShop(), order.IDFor("ghost")
	for _, id := range []string{ghost, "not-a-uuid", ""} {
		_, err := onEvents(s).Invoke(t.Context(), busEvent("ecommerce.delivery", "DeliveryCompleted", `{}`, id))
		require.ErrorContains(t, err, "Order not found", "so that it ends in the dead-letter queue")
	}
	_, err := s.store.Get(t.Context(), ghost)
	require.Equal(t, order.NotFound, order.KindOf(err))
	require.Empty(t, s.counter.counts)
}

func TestAnOrderThatFailsDoesNotAffectTheOthers(t *testing.T) {
	s := newShop()
	a, b := s.stored(t), s.stored(t)
	event := busEvent("ecommerce.delivery", "DeliveryFailed", `{}`, order.IDFor("none"), a.OrderID, a.OrderID, b.OrderID)
	_, err := onEvents(s).Invoke(t.Context(), event)
	require.ErrorContains(t, err, order.IDFor("none"))
	require.Equal(t, order.DeliveryFailed, s.get(t, a.OrderID).Status)
	require.Equal(t, order.DeliveryFailed, s.get(t, b.OrderID).Status)
	require.EqualValues(t, 2, s.counter.counts["orderFailed"])
}

// An order whose item hangs uses up only its share of the time.
func TestAnOrderThatHangsDoesNotAffectTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop()
		a, b, c := s.stored(t), s.stored(t), s.stored(t)
		s.store.Faults = func(_ memory.Op, orderID string) memory.Fault {
			if orderID == a.OrderID {
				return memory.Hang
			}
			return memory.None
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		_, err := onEvents(s).Invoke(ctx, busEvent("ecommerce.delivery", "DeliveryFailed", `{}`, a.OrderID, b.OrderID, c.OrderID))
		require.ErrorContains(t, err, a.OrderID)
		s.store.Faults = nil
		require.Equal(t, order.New, s.get(t, a.OrderID).Status)
		require.Equal(t, order.DeliveryFailed, s.get(t, b.OrderID).Status)
		require.Equal(t, order.DeliveryFailed, s.get(t, c.OrderID).Status)
	})
}

func TestUnknownEventsAreIgnoredWithAWarning(t *testing.T) {
	s := newShop()
	o := s.stored(t)
	for _, event := range [][]byte{
		busEvent("ecommerce.warehouse", "DeliveryCompleted", `{}`, o.OrderID),
		busEvent("ecommerce.delivery", "PackageCreated", `{}`, o.OrderID),
		busEvent("ecommerce.orders", "OrderCreated", `{}`, o.OrderID),
		busEvent("", "", `{}`, o.OrderID),
		[]byte(`{}`),
	} {
		s.output.Reset()
		_, err := onEvents(s).Invoke(t.Context(), event)
		require.NoError(t, err)
		require.Contains(t, s.output.String(), `"level":"WARN"`)
	}
	require.Equal(t, order.New, s.get(t, o.OrderID).Status)
}

func TestAnUpdateOfAnUnknownStatusIsIgnoredWithAWarning(t *testing.T) {
	s, id := newShop(), order.IDFor("original")
	document := strings.Replace(string(ordertest.Original(id, "u")), `"NEW"`, `"SENT_BACK"`, 1)
	require.NoError(t, s.store.Put(t.Context(), json.RawMessage(document)))
	_, err := onEvents(s).Invoke(t.Context(), busEvent("ecommerce.delivery", "DeliveryCompleted", `{}`, id))
	require.NoError(t, err)
	require.JSONEq(t, document, string(s.get(t, id).Document))
	require.Contains(t, s.output.String(), "SENT_BACK")
	require.Contains(t, s.output.String(), `"level":"WARN"`)
	require.Empty(t, s.counter.counts)
}

// What cannot be read fails and is logged with the reason, and without any of its values.
func TestUnreadableEventsFail(t *testing.T) {
	s := newShop()
	o := s.stored(t)
	delivered := busEvent("ecommerce.delivery", "DeliveryCompleted", `{}`, o.OrderID)
	replace := func(old, new string) []byte {
		require.Contains(t, string(delivered), old)
		return []byte(strings.Replace(string(delivered), old, new, 1))
	}
	for name, c := range map[string]struct {
		event  []byte
		reason string
	}{
		"not JSON":            {[]byte(`nope`), "must be a JSON object"},
		"array":               {[]byte(`["s3cret"]`), "must be a JSON object"},
		"resources a string":  {replace(`["`+o.OrderID+`"]`, `"s3cret"`), "/resources: has the wrong type"},
		"resources of number": {replace(`["`+o.OrderID+`"]`, `[30111122]`), "/resources: has the wrong type"},
		"no resources":        {replace(`["`+o.OrderID+`"]`, `[]`), "/resources: must name an order"},
		"source a number":     {replace(`"ecommerce.delivery"`, `30111122`), "/source: has the wrong type"},
		"type an object":      {replace(`"DeliveryCompleted"`, `{"a":"s3cret"}`), "/detail-type: has the wrong type"},
		"a name twice":        {replace(`"source"`, `"source":"s3cret","source"`), `duplicate property "source"`},
		"no products":         {busEvent("ecommerce.warehouse", "PackageCreated", `{}`, o.OrderID), "/products: "},
		"product without ID":  {busEvent("ecommerce.warehouse", "PackageCreated", `{"products":[{}]}`, o.OrderID), "/products/0/productId: "},
	} {
		t.Run(name, func(t *testing.T) {
			for _, inQueue := range []bool{false, true} {
				s.output.Reset()
				if inQueue {
					require.Equal(t, []string{"m1"}, s.deliver(t, map[string][]byte{"m0": delivered, "m1": c.event}))
				} else {
					_, err := onEvents(s).Invoke(t.Context(), c.event)
					require.ErrorContains(t, err, c.reason)
				}
				require.Contains(t, s.output.String(), `"level":"ERROR","msg":"fulfilment update failed"`)
				require.Contains(t, strings.ReplaceAll(s.output.String(), `\"`, `"`), c.reason)
				require.NotContains(t, s.output.String(), "s3cret")
				require.NotContains(t, s.output.String(), "30111122")
			}
		})
	}
}

func TestUnusedFieldsAreNotRead(t *testing.T) {
	s := newShop()
	o := s.stored(t)
	event := strings.Replace(string(busEvent("ecommerce.delivery", "DeliveryCompleted", `["no object"]`, o.OrderID)), `"id":"e1"`, `"id":7`, 1)
	_, err := onEvents(s).Invoke(t.Context(), []byte(event))
	require.NoError(t, err)
	require.Equal(t, order.Fulfilled, s.get(t, o.OrderID).Status)
}

func TestErrorsNameTenOrders(t *testing.T) {
	s := newShop()
	orderIDs := make([]string, 20_000)
	for i := range orderIDs {
		orderIDs[i] = order.IDFor(order.PaymentToken(strconv.Itoa(i)))
	}
	_, err := onEvents(s).Invoke(t.Context(), busEvent("ecommerce.delivery", "DeliveryCompleted", `{}`, append(orderIDs, orderIDs...)...))
	require.Equal(t, 10, strings.Count(err.Error(), "DeliveryCompleted of order "))
	require.ErrorContains(t, err, "and 19990 more orders")
	require.Less(t, len(err.Error()), 2000)
	require.Equal(t, 20_000, strings.Count(s.output.String(), `"fulfilment update failed"`), "each is logged once")
}

func TestAConflictIsRetriedAndATableOutageIsAnError(t *testing.T) {
	s := newShop()
	o := s.stored(t)
	event := busEvent("ecommerce.delivery", "DeliveryCompleted", `{}`, o.OrderID)
	s.store.Faults = func(memory.Op, string) memory.Fault { return memory.FailBefore }
	_, err := onEvents(s).Invoke(t.Context(), event)
	require.Equal(t, order.Unavailable, order.KindOf(err))
	s.store.Faults = func(memory.Op, string) memory.Fault { return memory.Conflict }
	_, err = onEvents(s).Invoke(t.Context(), event)
	require.NoError(t, err)
	require.Equal(t, order.Fulfilled, s.get(t, o.OrderID).Status)
}

func TestConcurrentEvents(t *testing.T) {
	s := newShop()
	o := s.stored(t)
	events := [][]byte{
		busEvent("ecommerce.warehouse", "PackagingFailed", `{}`, o.OrderID),
		busEvent("ecommerce.warehouse", "PackageCreated", packageOf(`{"productId":"lamp","quantity":1},{"productId":"mug","quantity":4},`), o.OrderID),
		busEvent("ecommerce.warehouse", "PackageCreated", packageOf(`{"productId":"lamp","quantity":2},{"productId":"poster"},`), o.OrderID),
		busEvent("ecommerce.delivery", "DeliveryFailed", `{}`, o.OrderID),
		busEvent("ecommerce.delivery", "DeliveryCompleted", `{}`, o.OrderID),
	}
	var all sync.WaitGroup
	for range 4 {
		for _, event := range events {
			all.Go(func() {
				_, err := onEvents(s).Invoke(t.Context(), event)
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	after := s.get(t, o.OrderID)
	require.Equal(t, order.Fulfilled, after.Status)
	require.EqualValues(t, 1000+1999, after.Total)
	require.Len(t, after.Products, 1)
}

func FuzzOnEvents(f *testing.F) {
	s := newShop()
	o := ordertest.Sample()
	if _, err := s.store.Create(f.Context(), o); err != nil {
		f.Fatal(err)
	}
	f.Add(busEvent("ecommerce.warehouse", "PackageCreated", packageOf(`{"productId":"lamp","quantity":1},`), o.OrderID))
	f.Add(busEvent("ecommerce.delivery", "DeliveryCompleted", `null`, o.OrderID, "x"))
	f.Add([]byte(`{"source":"ecommerce.warehouse","detail-type":"PackageCreated"}`))
	f.Add([]byte(`{"Records":[{"messageId":"m1","body":"{\"source\":\"ecommerce.delivery\"}","attributes":{"SentTimestamp":"1"}}]}`))
	f.Fuzz(func(t *testing.T, event []byte) {
		before := s.get(t, o.OrderID)
		_, _ = onEvents(s).Invoke(t.Context(), event)
		after := s.get(t, o.OrderID)
		require.GreaterOrEqual(t, after.ModifiedDate, before.ModifiedDate)
		require.Equal(t, after.Status, before.Status.Max(after.Status))
		require.LessOrEqual(t, after.Total, before.Total)
	})
}
