package privacy

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/order"
	"orders/internal/order/ordertest"
)

func TestWhatCallersSend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lines = []string{"order created", "order was already created", "order not created", "request refused", "orderCreatedTotal", "check ended"}
	w.steps = []string{`"PutItem"`, w.peers.URL}
	create := w.start(t, createOrder, patience)

	o := markedOrder()
	right := string(ordertest.Request(o))
	for range 2 { // the second is the same again
		requireTokenKept(t, w.invoke(t, create, post(o.UserID, right))...)
	}
	requireTokenKept(t, w.invoke(t, create, encoded(o.UserID, right), post(uuid.NewString(), right))...)
	require.Contains(t, w.invoke(t, create, direct(o))[0], markedToken, "whoever invokes directly sees the whole order")
	w.invoke(t, create, encode(map[string]any{"userId": uuid.NewString(), "order": json.RawMessage(right)}))
	w.invoke(t, create, post(o.UserID, withFreeDelivery(markedOrder())))

	request := ordertest.Request(smallOrder())
	documents := slices.Concat(spoilt(request), renamed(request), twice())
	var wrong []any
	for i, document := range documents { // as a body and in a direct invocation, in turn
		if i%2 == 0 {
			wrong = append(wrong, post(o.UserID, string(document)))
		} else {
			wrong = append(wrong, encode(map[string]any{"userId": o.UserID, "order": document}))
		}
	}
	for _, event := range slices.Concat(spoilt([]byte(`{"userId": "x", "order": {}}`)), renamed([]byte(`{"userId": "x", "order": {}}`)), twice()) {
		wrong = append(wrong, event)
	}
	for _, body := range bodies(right) {
		wrong = append(wrong, post(o.UserID, body), encoded(o.UserID, body))
	}
	w.invoke(t, create, wrong...)
	w.requireAllCalls(t, createOrder)
	require.NotZero(t, w.peers.marks())
	require.NotZero(t, w.table.marks())
}

// withFreeDelivery is a request that delivery refuses: its order may be stored already, which a read tells.
func withFreeDelivery(o order.Order) string {
	o.DeliveryPrice = 0
	return string(ordertest.Request(o))
}

// bodies are texts that are no JSON, or too much of it.
func bodies(right string) []string {
	all := []string{
		"", mark, "name=" + mark, `"` + mark + `"`, "[" + right + "]", right + right, right + mark, "{" + mark + ": 1}", "\xff" + right, right + "\x00",
		strings.Replace(right, `"DE"`, `"`+mark+`"`, 1), strings.Replace(right, `"deliveryPrice":1000`, `"deliveryPrice":1000,"total":1`, 1),
		strings.Replace(right, `"deliveryPrice"`, `"comment":"`+strings.Repeat(mark, 20_000)+`","deliveryPrice"`, 1),
		strings.Repeat(`{"`+mark+`":`, 20_000) + "1" + strings.Repeat("}", 20_000),
		strings.Repeat(`[`, 12_000), base64.StdEncoding.EncodeToString([]byte(right)),
	}
	for i := 1; i < 20; i++ {
		all = append(all, right[:len(right)*i/20])
	}
	return all
}

func TestWhatReadersAskFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lines, w.steps = []string{"order not read", "request answered"}, []string{`"GetItem"`, `"Query"`}
	read := w.start(t, getOrder, patience)
	o := markedOrder()
	w.table.keep(o.OrderID, itemOf(o))
	next := base64.RawURLEncoding.EncodeToString([]byte(`{"c":"2026-01-01T00:00:00.000000Z","o":"` + mark + `"}`))

	requireTokenKept(t, w.invoke(t, read,
		get("/orders/{orderId}", o.UserID, o.OrderID, nil), get("/orders/{orderId}", uuid.NewString(), o.OrderID, nil),
		get("/orders", o.UserID, "", nil), get("/orders", o.UserID, "", map[string]string{"limit": "1"}))...)
	require.Contains(t, w.invoke(t, read, get("/backend/{orderId}", "", o.OrderID, nil))[0], markedToken, "services see the whole order")

	wrong := []any{
		get("/backend/{orderId}", "", mark, nil), get("/backend/{orderId}", "", "", nil), get("/backend/{orderId}", o.UserID, mark, nil),
		get("/orders/{orderId}", o.UserID, mark, nil), get("/orders/{orderId}", "", mark, nil), get("/orders/"+mark, o.UserID, mark, nil),
		get("/orders", o.UserID, "", map[string]string{"limit": mark}), get("/orders", o.UserID, "", map[string]string{"nextToken": mark, mark: mark}),
		get("/orders", o.UserID, "", map[string]string{"nextToken": next}), get("/orders", "", "", nil),
	}
	event := get("/orders/{orderId}", o.UserID, o.OrderID, map[string]string{"limit": "1"})
	for _, event := range slices.Concat(spoilt(event), renamed(event), twice()) {
		wrong = append(wrong, event)
	}
	w.invoke(t, read, wrong...)
	w.requireAllCalls(t, getOrder)
}

func TestWhatNeighboursReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lines = []string{"order follows event", "order does not follow event", "event not handled", "event ignored", "orderPackaged"}
	w.steps = []string{`"GetItem"`, `"UpdateItem"`}
	follow := w.start(t, onEvents, patience)
	o := markedOrder()
	w.table.keep(o.OrderID, itemOf(o))

	reports := []any{
		report("ecommerce.warehouse", "PackageCreated", packed(o), o.OrderID), report("ecommerce.warehouse", "PackagingFailed", o, o.OrderID),
		report("ecommerce.delivery", "DeliveryCompleted", o, o.OrderID, uuid.NewString()), report("ecommerce.delivery", "DeliveryFailed", mark, o.OrderID),
		report("ecommerce.delivery", "DeliveryDelayed", o, o.OrderID), report("ecommerce.delivery", "DeliveryFailed", o, mark, o.OrderID),
		report("ecommerce.delivery", "DeliveryFailed", o), report("ecommerce.warehouse", "PackageCreated", o, o.OrderID),
	}
	for _, detail := range append(spoilt(encode(packed(smallOrder()))), twice()...) {
		reports = append(reports, report("ecommerce.warehouse", "PackageCreated", detail, o.OrderID),
			report("ecommerce.warehouse", "PackageCreated", map[string]any{"products": []any{detail}}, o.OrderID))
	}
	for _, resources := range spoilt(encode([]string{o.OrderID})) {
		reports = append(reports, encode(map[string]any{"id": "e", "source": "ecommerce.delivery", "detail-type": "DeliveryFailed", "resources": resources, "detail": o}))
	}
	reports = append(reports, encode(mark), encode([]string{mark}), json.RawMessage(markedNumber))
	w.invoke(t, follow, reports...)
	w.requireAllCalls(t, onEvents)
}

func TestWhatTheStreamBrings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lines, w.steps = []string{"change not announced", "change handed to the bus"}, []string{`"PutEvents"`}
	update := w.start(t, tableUpdate, patience)
	o := markedOrder()
	right := itemOf(o)
	large := markedOrder()
	large.Address.StreetAddress = strings.Repeat(mark, 150_000)

	batches := []any{
		batch(record("INSERT", o.OrderID, "1", nil, right), record("MODIFY", o.OrderID, "2", right, right), record("REMOVE", o.OrderID, "3", right, nil)),
		batch(record("INSERT", large.OrderID, "4", nil, itemOf(large))), batch(record("INSERT", o.OrderID, "5", right, nil)),
	}
	for _, image := range append(spoilt(itemOf(smallOrder())), twice()...) {
		batches = append(batches, batch(record("INSERT", o.OrderID, "6", nil, image)), batch(record("MODIFY", o.OrderID, "7", right, image)))
	}
	for _, event := range []any{mark, []string{mark}, json.Number(markedNumber)} {
		batches = append(batches, encode(event), encode(map[string]any{"Records": event}), encode(map[string]any{"Records": []any{event}}))
	}
	w.invoke(t, update, batches...)
	w.requireAllCalls(t, tableUpdate)
	require.NotZero(t, w.bus.marks())
}

func TestWhatIsStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lines = []string{"order not read", "order not created", "order does not follow event"}
	w.steps = []string{`"GetItem"`, `"PutItem"`}
	create, read, follow := w.start(t, createOrder, patience), w.start(t, getOrder, patience), w.start(t, onEvents, patience)
	var orders, readings, reports []any
	for _, document := range spoilt(encode(smallOrder())) {
		stored, isObject := decode(document).(map[string]any)
		if status, _ := stored["status"].(string); !isObject || strings.Contains(status, mark) {
			continue // a status is nobody's word but the platform's, and logged if it is unknown
		}
		o := markedOrder()
		w.table.keep(o.OrderID, item(stored))
		orders = append(orders, post(o.UserID, string(ordertest.Request(o))))
		readings = append(readings, get("/orders/{orderId}", o.UserID, o.OrderID, nil))
		reports = append(reports, report("ecommerce.warehouse", "PackageCreated", packed(o), o.OrderID))
	}
	requireTokenKept(t, w.invoke(t, create, orders...)...)
	requireTokenKept(t, w.invoke(t, read, readings...)...)
	w.invoke(t, follow, reports...)
}
