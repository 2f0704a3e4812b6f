package ordertest

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

// risesAreRecorded applies updates and reads the history that they leave.
func risesAreRecorded(t *testing.T, f Fixture) {
	ctx, o := within(t), Sample()
	create(t, ctx, f, o)
	service := order.Service{Store: f.Store}
	for _, status := range []order.Status{order.Packaged, order.Packaged, order.PackagingFailed, order.DeliveryFailed, order.Fulfilled, order.DeliveryFailed} {
		update := order.FulfilmentUpdate{Status: status, Package: []order.PackedProduct{{ProductID: "mug", Quantity: 1}}}
		result, err := service.Apply(ctx, o.OrderID, update)
		require.NoError(t, err)
		got := get(t, ctx, f, o.OrderID)
		if result.Changed {
			o.History = append(o.History, order.HistoryEntry{Status: status, Date: got.ModifiedDate})
		}
		require.Equal(t, o.History, got.History)
	}
	require.Len(t, o.History, 4)
}

// unexpectedHistories stores histories that this service did not write. None makes an order
// unreadable; each is preserved when the order rises.
func unexpectedHistories(t *testing.T, f Fixture) {
	entry := func(status order.Status, date order.Date) order.HistoryEntry {
		return order.HistoryEntry{Status: status, Date: date}
	}
	for name, c := range map[string]struct {
		stored string
		read   order.History
		added  bool // whether the rise adds an entry
	}{
		"absent":               {``, nil, true},
		"null":                 {`null`, nil, true},
		"empty":                {`[]`, nil, true},
		"a text":               {`"NEW"`, nil, false},
		"a map":                {`{"NEW":"today"}`, nil, false},
		"a number":             {`7`, nil, false},
		"unknown status":       {`[{"status":"SENT_BACK","date":"today","by":"ida"}]`, order.History{entry("SENT_BACK", "today")}, true},
		"unreadable entries":   {`["NEW",{"status":"NEW"},{"date":"today"},{"status":1,"date":"today"},null]`, nil, true},
		"the status before it": {`[{"status":"FULFILLED","date":"before"}]`, order.History{entry(order.Fulfilled, "before")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, o := within(t), Sample()
			document := decode(t, encode(t, o))
			if delete(document, "history"); c.stored != "" {
				document["history"] = decode(t, json.RawMessage(`{"history":`+c.stored+`}`))["history"]
			}
			f.Seed(t, encode(t, document))
			require.Equal(t, c.read, get(t, ctx, f, o.OrderID).History)

			service := order.Service{Store: f.Store}
			result, err := service.Apply(ctx, o.OrderID, order.FulfilmentUpdate{Status: order.Fulfilled})
			require.NoError(t, err)
			require.True(t, result.Changed)
			got := get(t, ctx, f, o.OrderID)
			require.Equal(t, order.Fulfilled, got.Status)
			document["status"], document["modifiedDate"] = "FULFILLED", string(got.ModifiedDate)
			if c.added {
				c.read = append(c.read, entry(order.Fulfilled, got.ModifiedDate))
				list, _ := document["history"].([]any)
				document["history"] = append(list, map[string]any{"status": "FULFILLED", "date": string(got.ModifiedDate)})
			}
			require.Equal(t, c.read, got.History)
			requireStored(t, f, o.OrderID, encode(t, document))
		})
	}
}

// listsByStatus pages through the orders of each status.
func listsByStatus(t *testing.T, f Fixture) {
	ctx, userID := within(t), uuid.NewString()
	statuses := append(order.Statuses(), "SENT_BACK")
	stored := map[order.Status][]string{}
	const count = 17
	for i := range count {
		status := statuses[i*i%5]
		o := Sample(func(o *order.Order) { o.UserID, o.Status = userID, status })
		create(t, ctx, f, o)
		stored[status] = append(stored[status], o.OrderID)
	}
	awaitList(t, ctx, f, userID, count)
	for _, limit := range []int{1, 2, 3, 5, 100} {
		for _, status := range statuses {
			var read []order.Order
			for _, page := range pagesOf(t, ctx, f, order.Query{UserID: userID, Status: status, Limit: limit}, count) {
				read = append(read, page.Orders...)
			}
			require.ElementsMatch(t, stored[status], ids(read), "%s, limit %d", status, limit)
			require.False(t, slices.ContainsFunc(read, func(o order.Order) bool { return o.Status != status }))
			requireNewestFirst(t, read)
		}
	}
}
