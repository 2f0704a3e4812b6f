package privacy

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/order/ordertest"
)

// requireTokenKept holds public answers to one thing: whatever else of their own users see in them, no payment token.
func requireTokenKept(t *testing.T, answers ...string) {
	t.Helper()
	for _, answer := range answers {
		require.NotEmpty(t, answer)
		require.NotContains(t, answer, markedToken)
	}
}

func TestNeighboursThatFail(t *testing.T) {
	t.Parallel()
	faults := brokenHTTP()
	maps.Copy(faults, map[string]fault{
		"says no":           saying(200, `{"ok": false, "message": %q}`),
		"another price":     saying(200, `{"pricing": 1, "message": %q}`),
		"corrects products": saying(200, `{"products": [%q], "message": %q}`),
		"makes no sense":    saying(200, `{"ok": %q, "pricing": %q, "products": %q}`),
		"refuses":           saying(400, `{"message": %q}`),
		"knows nobody":      saying(403, `{"message": %q}`),
		"has enough":        saying(429, `{"message": %q}`),
		"breaks down":       saying(500, `{"message": %q}`),
	})
	for name, broken := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.peers.fail(broken, "")
			create := w.start(t, createOrder, patience)
			for range 3 { // often enough for the neighbours to be found down
				o, other := markedOrder(), markedOrder()
				answers := w.invoke(t, create, post(o.UserID, string(ordertest.Request(o))), direct(other))
				requireTokenKept(t, answers[0])
			}
			require.NotZero(t, w.peers.marks())
			w.lines, w.steps = []string{"order not created", "check ended"}, []string{w.peers.URL}
		})
	}
}

// codes are those of the errors that AWS answers, with a message that repeats the request, as some really do. The
// messages of two are passed on to operators, since they name what is to be mended; they repeat nothing else.
func codes() map[string]fault {
	faults := map[string]fault{}
	for code, status := range map[string]int{
		"ValidationException": 400, "SerializationException": 400, "ConditionalCheckFailedException": 400, "TransactionConflictException": 400,
		"ProvisionedThroughputExceededException": 400, "ThrottlingException": 400, "RequestLimitExceeded": 400, "LimitExceededException": 400,
		"ItemCollectionSizeLimitExceededException": 400, "UnrecognizedClientException": 400, "ExpiredTokenException": 400,
		"InternalServerError": 500, "InternalException": 500, "ServiceUnavailable": 503, "SomethingNew": 418,
	} {
		faults[code] = saying(status, `{"__type":"com.amazonaws#`+code+`","message":%q,"Message":%q}`)
	}
	faults["AccessDeniedException"] = saying(400, `{"__type":"AccessDeniedException","message":"User: arn:aws:sts::000000000000:assumed-role/function is not authorized"}`)
	faults["ResourceNotFoundException"] = saying(400, `{"__type":"ResourceNotFoundException","message":"Requested resource not found"}`)
	return faults
}

func TestATableThatFails(t *testing.T) {
	t.Parallel()
	faults := brokenHTTP()
	maps.Copy(faults, codes())
	maps.Copy(faults, map[string]fault{
		"is no table":                      saying(200, `{"Item": %q, "Items": %q}`),
		"has items that are none":          saying(200, `{"Item": {"address": {"S": %q}, "total": {"S": %q}}, "Items": [{"total": {"S": %q}}]}`),
		"has items of no type":             saying(200, `{"Item": {"address": {"X": %q}}, "Items": [{"address": {"X": %q}}]}`),
		"meets itself with another's item": saying(400, `{"__type":"ConditionalCheckFailedException","message":%q,"Item":{"paymentToken":{"L":[{"S":%q}]}}}`),
	})
	w := newWorld(t)
	w.lines, w.steps = []string{"order not created", "order not read", "order does not follow event"}, []string{`"PutItem"`, `"GetItem"`, `"Query"`}
	var orders, readings, reports []any
	for _, broken := range faults {
		o, other := markedOrder(), markedOrder()
		w.table.fail(broken, o.OrderID, o.UserID, other.OrderID)
		orders = append(orders, post(o.UserID, string(ordertest.Request(o))), direct(other))
		readings = append(readings, get("/orders/{orderId}", o.UserID, o.OrderID, nil), get("/orders", o.UserID, "", nil), get("/backend/{orderId}", "", o.OrderID, nil))
		reports = append(reports, report("ecommerce.warehouse", "PackageCreated", packed(o), o.OrderID), report("ecommerce.delivery", "DeliveryFailed", o, o.OrderID))
	}
	create, read, follow := w.start(t, createOrder, quick), w.start(t, getOrder, quick), w.start(t, onEvents, quick)
	var all sync.WaitGroup
	all.Go(func() { w.invoke(t, follow, reports...) })
	all.Go(func() { w.invoke(t, read, readings...) })
	answers := w.invoke(t, create, orders...)
	for i := 0; i < len(answers); i += 2 {
		requireTokenKept(t, answers[i])
	}
	all.Wait()
	require.NotZero(t, w.table.marks())
}

func TestABusThatFails(t *testing.T) {
	t.Parallel()
	faults := brokenHTTP()
	maps.Copy(faults, codes())
	for _, code := range []string{"InternalFailure", "ThrottlingException", "MalformedDetail", "InvalidArgument",
		"NotAuthorizedForSourceException", "SomethingNew"} {
		faults["entries: "+code] = func(w http.ResponseWriter, heard string) {
			saying(200, entryResults(heard, `{"ErrorCode":"`+code+`","ErrorMessage":%q}`))(w, heard)
		}
	}
	faults["entries that are none"] = saying(200, `{"Entries": %q}`)
	w := newWorld(t)
	w.lines, w.steps = []string{"change not announced"}, []string{`"PutEvents"`}
	var batches []any
	for _, broken := range faults {
		ids := []string{uuid.NewString(), uuid.NewString(), uuid.NewString()}
		w.bus.fail(broken, ids...)
		o, other := itemOf(markedOrder()), itemOf(markedOrder())
		batches = append(batches, batch(record("INSERT", ids[0], "1", nil, o)),
			batch(record("MODIFY", ids[1], "2", other, o), record("REMOVE", ids[2], "3", o, nil)))
	}
	w.invoke(t, w.start(t, tableUpdate, quick), batches...)
	require.NotZero(t, w.bus.marks())
}

// packed is the detail of a package with all of an order, and with more of it than belongs there.
func packed(o any) map[string]any {
	return map[string]any{"order": o, "products": []map[string]any{{"productId": "lamp", "quantity": 1, "name": mark}, {"productId": strings.ToUpper(mark)}}}
}
