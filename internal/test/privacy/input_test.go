package privacy

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/dynamo/streamimage/streamtest"
	"orders/internal/order"
	"orders/internal/order/ordertest"
	"orders/internal/test/testworld"
)

func TestCreateRequests(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.lines = []string{"order created", "order replayed", "order rejected", "orderCreatedTotal", "check accepted"}
	d.steps = []string{`"PutItem"`, d.Peers.URL}
	create := d.start(t, testworld.CreateOrder, longTimeout)

	o := markedOrder()
	valid := string(ordertest.Request(o))
	for range 2 { // the second is a repeat
		requireNoToken(t, d.invoke(t, create, post(o.UserID, valid))...)
	}
	requireNoToken(t, d.invoke(t, create, postBase64(o.UserID, valid), post(uuid.NewString(), valid))...)
	require.Contains(t, d.invoke(t, create, direct(o))[0], markedToken, "whoever invokes directly sees the whole order")
	d.invoke(t, create, testworld.Encode(map[string]any{"userId": uuid.NewString(), "order": json.RawMessage(valid)}))
	d.invoke(t, create, post(o.UserID, withFreeDelivery(markedOrder())))

	request := ordertest.Request(smallOrder())
	documents := slices.Concat(corrupted(request), withMarkedNames(request), duplicateNames())
	var invalid []any
	for i, document := range documents { // as a body and in a direct invocation, in turn
		if i%2 == 0 {
			invalid = append(invalid, post(o.UserID, string(document)))
		} else {
			invalid = append(invalid, testworld.Encode(map[string]any{"userId": o.UserID, "order": document}))
		}
	}
	for _, event := range slices.Concat(corrupted([]byte(`{"userId": "x", "order": {}}`)), withMarkedNames([]byte(`{"userId": "x", "order": {}}`)), duplicateNames()) {
		invalid = append(invalid, event)
	}
	for _, body := range bodies(valid) {
		invalid = append(invalid, post(o.UserID, body), postBase64(o.UserID, body))
	}
	d.invoke(t, create, invalid...)
	d.RequireAllCalls(t, testworld.CreateOrder)
	require.NotZero(t, d.Peers.RequestsWith(mark))
	require.NotZero(t, d.Table.RequestsWith(mark))
}

// withFreeDelivery is a request that delivery-pricing rejects, so that the function looks for a
// stored order.
func withFreeDelivery(o order.Order) string {
	o.DeliveryPrice = 0
	return string(ordertest.Request(o))
}

// bodies are texts that are not JSON, or too much of it.
func bodies(valid string) []string {
	all := []string{
		"", mark, "name=" + mark, `"` + mark + `"`, "[" + valid + "]", valid + valid, valid + mark, "{" + mark + ": 1}", "\xff" + valid, valid + "\x00",
		strings.Replace(valid, `"DE"`, `"`+mark+`"`, 1), strings.Replace(valid, `"deliveryPrice":1000`, `"deliveryPrice":1000,"total":1`, 1),
		strings.Replace(valid, `"deliveryPrice"`, `"comment":"`+strings.Repeat(mark, 20_000)+`","deliveryPrice"`, 1),
		strings.Repeat(`{"`+mark+`":`, 20_000) + "1" + strings.Repeat("}", 20_000),
		strings.Repeat(`[`, 12_000), base64.StdEncoding.EncodeToString([]byte(valid)),
	}
	for i := 1; i < 20; i++ {
		all = append(all, valid[:len(valid)*i/20])
	}
	return all
}

func TestGetRequests(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.lines, d.steps = []string{"request rejected", "request completed"}, []string{`"GetItem"`, `"Query"`}
	read := d.start(t, testworld.GetOrder, longTimeout)
	o := markedOrder()
	d.table.put(o.OrderID, streamtest.Image(o))
	next := base64.RawURLEncoding.EncodeToString([]byte(`{"c":"2026-01-01T00:00:00.000000Z","o":"` + mark + `"}`))

	requireNoToken(t, d.invoke(t, read,
		get("/orders/{orderId}", o.UserID, o.OrderID, nil), get("/orders/{orderId}", uuid.NewString(), o.OrderID, nil),
		get("/orders", o.UserID, "", nil), get("/orders", o.UserID, "", map[string]string{"limit": "1"}))...)
	require.Contains(t, d.invoke(t, read, get("/backend/{orderId}", "", o.OrderID, nil))[0], markedToken, "services see the whole order")

	invalid := []any{
		get("/backend/{orderId}", "", mark, nil), get("/backend/{orderId}", "", "", nil), get("/backend/{orderId}", o.UserID, mark, nil),
		get("/orders/{orderId}", o.UserID, mark, nil), get("/orders/{orderId}", "", mark, nil), get("/orders/"+mark, o.UserID, mark, nil),
		get("/orders", o.UserID, "", map[string]string{"limit": mark}), get("/orders", o.UserID, "", map[string]string{"nextToken": mark, mark: mark}),
		get("/orders", o.UserID, "", map[string]string{"nextToken": next}), get("/orders", "", "", nil),
	}
	event := get("/orders/{orderId}", o.UserID, o.OrderID, map[string]string{"limit": "1"})
	for _, event := range slices.Concat(corrupted(event), withMarkedNames(event), duplicateNames()) {
		invalid = append(invalid, event)
	}
	d.invoke(t, read, invalid...)
	d.RequireAllCalls(t, testworld.GetOrder)
}

func TestFulfilmentUpdates(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.lines = []string{"fulfilment update applied", "fulfilment update failed", "event ignored", "orderPackaged"}
	d.steps = []string{`"GetItem"`, `"UpdateItem"`}
	apply := d.start(t, testworld.OnEvents, longTimeout)
	o := markedOrder()
	d.table.put(o.OrderID, streamtest.Image(o))

	updates := []any{
		update("ecommerce.warehouse", "PackageCreated", packed(o), o.OrderID), update("ecommerce.warehouse", "PackagingFailed", o, o.OrderID),
		update("ecommerce.delivery", "DeliveryCompleted", o, o.OrderID, uuid.NewString()), update("ecommerce.delivery", "DeliveryFailed", mark, o.OrderID),
		update("ecommerce.delivery", "DeliveryDelayed", o, o.OrderID), update("ecommerce.delivery", "DeliveryFailed", o, mark, o.OrderID),
		update("ecommerce.delivery", "DeliveryFailed", o), update("ecommerce.warehouse", "PackageCreated", o, o.OrderID),
	}
	for _, detail := range append(corrupted(testworld.Encode(packed(smallOrder()))), duplicateNames()...) {
		updates = append(updates, update("ecommerce.warehouse", "PackageCreated", detail, o.OrderID),
			update("ecommerce.warehouse", "PackageCreated", map[string]any{"products": []any{detail}}, o.OrderID))
	}
	for _, resources := range corrupted(testworld.Encode([]string{o.OrderID})) {
		updates = append(updates, testworld.Encode(map[string]any{"id": "e", "source": "ecommerce.delivery", "detail-type": "DeliveryFailed", "resources": resources, "detail": o}))
	}
	updates = append(updates, testworld.Encode(mark), testworld.Encode([]string{mark}), json.RawMessage(markedNumber))
	d.invoke(t, apply, updates...)
	d.RequireAllCalls(t, testworld.OnEvents)
}

func TestStreamRecords(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.lines, d.steps = []string{"publish failed", "event sent"}, []string{`"PutEvents"`}
	update := d.start(t, testworld.TableUpdate, longTimeout)
	o := markedOrder()
	valid := streamtest.Image(o)
	large := markedOrder()
	large.Address.StreetAddress = strings.Repeat(mark, 150_000)

	batches := []any{
		streamtest.Event(streamtest.Insert(o.OrderID, "1", valid), streamtest.Modify(o.OrderID, "2", valid, valid), streamtest.Remove(o.OrderID, "3", valid)),
		streamtest.Event(streamtest.Insert(large.OrderID, "4", streamtest.Image(large))), streamtest.Event(streamtest.Record{Name: "INSERT", OrderID: o.OrderID, SequenceNumber: "5", Old: valid}),
	}
	for _, image := range append(corrupted(streamtest.Image(smallOrder())), duplicateNames()...) {
		batches = append(batches, streamtest.Event(streamtest.Insert(o.OrderID, "6", image)), streamtest.Event(streamtest.Modify(o.OrderID, "7", valid, image)))
	}
	for _, event := range []any{mark, []string{mark}, json.Number(markedNumber)} {
		batches = append(batches, testworld.Encode(event), testworld.Encode(map[string]any{"Records": event}), testworld.Encode(map[string]any{"Records": []any{event}}))
	}
	d.invoke(t, update, batches...)
	d.RequireAllCalls(t, testworld.TableUpdate)
	require.NotZero(t, d.Bus.RequestsWith(mark))
	require.NotZero(t, d.DeadLetters.Requests.Load())
	require.Zero(t, d.DeadLetters.RequestsWith(mark))
}

func TestStoredItems(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.lines = []string{"request rejected", "order rejected", "fulfilment update failed"}
	d.steps = []string{`"GetItem"`, `"PutItem"`}
	create, read := d.start(t, testworld.CreateOrder, longTimeout), d.start(t, testworld.GetOrder, longTimeout)
	apply := d.start(t, testworld.OnEvents, longTimeout)
	var orders, reads, updates []any
	for _, document := range corrupted(testworld.Encode(smallOrder())) {
		stored, isObject := decode(document).(map[string]any)
		if status, _ := stored["status"].(string); !isObject || strings.Contains(status, mark) {
			continue // only the platform writes a status, and an unknown one is logged
		}
		o := markedOrder()
		d.table.put(o.OrderID, streamtest.Image(stored))
		orders = append(orders, post(o.UserID, string(ordertest.Request(o))))
		reads = append(reads, get("/orders/{orderId}", o.UserID, o.OrderID, nil))
		updates = append(updates, update("ecommerce.warehouse", "PackageCreated", packed(o), o.OrderID))
	}
	requireNoToken(t, d.invoke(t, create, orders...)...)
	requireNoToken(t, d.invoke(t, read, reads...)...)
	d.invoke(t, apply, updates...)
}
