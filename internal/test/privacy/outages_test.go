package privacy

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/dynamo/streamimage/streamtest"
	"orders/internal/order/ordertest"
	"orders/internal/test/testworld"
)

// requireNoToken requires public responses without a payment token, whatever else of their own
// users see in them.
func requireNoToken(t *testing.T, responses ...string) {
	t.Helper()
	for _, response := range responses {
		require.NotEmpty(t, response)
		require.NotContains(t, response, markedToken)
	}
}

func TestPeerOutages(t *testing.T) {
	t.Parallel()
	faults := httpFaults()
	maps.Copy(faults, map[string]testworld.Fault{
		"rejects":               repeating(200, `{"ok": false, "message": %q}`),
		"wrong price":           repeating(200, `{"pricing": 1, "message": %q}`),
		"corrects the products": repeating(200, `{"products": [%q], "message": %q}`),
		"invalid response":      repeating(200, `{"ok": %q, "pricing": %q, "products": %q}`),
		"bad request":           repeating(400, `{"message": %q}`),
		"forbidden":             repeating(403, `{"message": %q}`),
		"too many requests":     repeating(429, `{"message": %q}`),
		"internal error":        repeating(500, `{"message": %q}`),
	})
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t)
			d.Peers.FailAbout(fault, "")
			create := d.start(t, testworld.CreateOrder, longTimeout)
			for range 3 { // often enough for the circuits to open
				o, other := markedOrder(), markedOrder()
				responses := d.invoke(t, create, post(o.UserID, string(ordertest.Request(o))), direct(other))
				requireNoToken(t, responses[0])
			}
			require.NotZero(t, d.Peers.RequestsWith(mark))
			d.lines, d.steps = []string{"order rejected", "check failed"}, []string{d.Peers.URL}
		})
	}
}

func TestTableOutages(t *testing.T) {
	t.Parallel()
	faults := httpFaults()
	maps.Copy(faults, awsErrors())
	maps.Copy(faults, map[string]testworld.Fault{
		"not a table":               repeating(200, `{"Item": %q, "Items": %q}`),
		"items that are not orders": repeating(200, `{"Item": {"address": {"S": %q}, "total": {"S": %q}}, "Items": [{"total": {"S": %q}}]}`),
		"items without a type":      repeating(200, `{"Item": {"address": {"X": %q}}, "Items": [{"address": {"X": %q}}]}`),
		"another's item":            repeating(400, `{"__type":"ConditionalCheckFailedException","message":%q,"Item":{"paymentToken":{"L":[{"S":%q}]}}}`),
	})
	d := deploy(t)
	d.lines, d.steps = []string{"order rejected", "request rejected", "fulfilment update failed"}, []string{`"PutItem"`, `"GetItem"`, `"Query"`}
	var orders, reads, updates []any
	for _, fault := range faults {
		o, other := markedOrder(), markedOrder()
		d.Table.FailAbout(fault, o.OrderID, o.UserID, other.OrderID)
		orders = append(orders, post(o.UserID, string(ordertest.Request(o))), direct(other))
		reads = append(reads, get("/orders/{orderId}", o.UserID, o.OrderID, nil), get("/orders", o.UserID, "", nil), get("/backend/{orderId}", "", o.OrderID, nil))
		updates = append(updates, update("ecommerce.warehouse", "PackageCreated", packed(o), o.OrderID), update("ecommerce.delivery", "DeliveryFailed", o, o.OrderID))
	}
	create, read := d.start(t, testworld.CreateOrder, shortTimeout), d.start(t, testworld.GetOrder, shortTimeout)
	apply := d.start(t, testworld.OnEvents, shortTimeout)
	var running sync.WaitGroup
	running.Go(func() { d.invoke(t, apply, updates...) })
	running.Go(func() { d.invoke(t, read, reads...) })
	responses := d.invoke(t, create, orders...)
	for i := 0; i < len(responses); i += 2 {
		requireNoToken(t, responses[i])
	}
	running.Wait()
	require.NotZero(t, d.Table.RequestsWith(mark))
}

func TestBusOutages(t *testing.T) {
	t.Parallel()
	faults := httpFaults()
	maps.Copy(faults, awsErrors())
	for _, code := range []string{"InternalFailure", "ThrottlingException", "MalformedDetail", "InvalidArgument",
		"NotAuthorizedForSourceException", "SomethingNew"} {
		faults["entries: "+code] = func(w http.ResponseWriter, r *http.Request, body []byte) {
			repeating(200, entryResults(string(body), `{"ErrorCode":"`+code+`","ErrorMessage":%q}`))(w, r, body)
		}
	}
	faults["entries that are not results"] = repeating(200, `{"Entries": %q}`)
	d := deploy(t)
	d.lines, d.steps = []string{"publish failed"}, []string{`"PutEvents"`}
	var batches []any
	for _, fault := range faults {
		ids := []string{uuid.NewString(), uuid.NewString(), uuid.NewString()}
		d.Bus.FailAbout(fault, ids...)
		o, other := streamtest.Image(markedOrder()), streamtest.Image(markedOrder())
		batches = append(batches, streamtest.Event(streamtest.Insert(ids[0], "1", o)),
			streamtest.Event(streamtest.Modify(ids[1], "2", other, o), streamtest.Remove(ids[2], "3", o)))
	}
	d.invoke(t, d.start(t, testworld.TableUpdate, shortTimeout), batches...)
	require.NotZero(t, d.Bus.RequestsWith(mark))
}

// packed is the detail of a PackageCreated with a whole order in it, which is more than belongs
// there.
func packed(o any) map[string]any {
	return map[string]any{"order": o, "products": []map[string]any{{"productId": "lamp", "quantity": 1, "name": mark}, {"productId": strings.ToUpper(mark)}}}
}
