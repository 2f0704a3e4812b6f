package dynamo

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

const laterDate = order.Date("2026-01-23T10:53:50.000000Z")

// fulfil is a change that only moves the status.
func fulfil(p order.Progress) (order.Progress, error) {
	p.Status, p.ModifiedDate = order.Fulfilled, laterDate
	return p, nil
}

// pack is a change that leaves one piece of the first product, and nothing of the second.
func pack(p order.Progress) (order.Progress, error) {
	lines := []order.Line{p.Lines[0], p.Lines[1]}
	lines[0].Quantity, lines[1].Quantity = 1, 0
	p.Status, p.ModifiedDate, p.Lines, p.Total = order.Packaged, laterDate, lines, 525
	return p, nil
}

// seeded is a table that holds one order, with attributes that this version does not know.
func seeded(t *testing.T) *stubTable {
	var item members
	require.NoError(t, json.Unmarshal([]byte(storedOrder), &item))
	item["gift"] = members{"BOOL": true}
	first := item["products"].(members)["L"].([]any)[0].(members)["M"].(members)
	first["color"] = members{"SS": []any{"red", "blue"}}
	return &stubTable{items: map[string]members{orderID: item}}
}

const readsProgress = `GetItem
	{"TableName": "orders-table", "Key": {"orderId": {"S": "` + orderID + `"}}, "ConsistentRead": true,
	 "ProjectionExpression": "#orderId, #status, #products, #total, #deliveryPrice, #modifiedDate",
	 "ExpressionAttributeNames": {"#orderId": "orderId", "#status": "status", "#products": "products", "#total": "total",
		"#deliveryPrice": "deliveryPrice", "#modifiedDate": "modifiedDate"}}`

func TestUpdateOfTheStatusAlone(t *testing.T) {
	stub := seeded(t)
	changed, err := newStore(t, stub).Update(t.Context(), orderID, fulfil)
	require.NoError(t, err)
	require.True(t, changed)
	require.Len(t, stub.requests, 2)
	requireRequest(t, readsProgress, stub.requests[0])
	requireRequest(t, `UpdateItem
		{"TableName": "orders-table", "Key": {"orderId": {"S": "`+orderID+`"}}, "ReturnValues": "NONE",
		 "UpdateExpression": "SET #status = :status, #modifiedDate = :modifiedDate",
		 "ConditionExpression": "attribute_exists(orderId) AND #modifiedDate = :old_modifiedDate AND #status = :old_status",
		 "ExpressionAttributeNames": {"#status": "status", "#modifiedDate": "modifiedDate"},
		 "ExpressionAttributeValues": {":status": {"S": "FULFILLED"}, ":modifiedDate": {"S": "2026-01-23T10:53:50.000000Z"},
			":old_status": {"S": "NEW"}, ":old_modifiedDate": {"S": "2026-01-23T10:53:49.131052Z"}}}`, stub.requests[1])
}

func TestUpdateOfProductsKeepsTheirRecords(t *testing.T) {
	stub := seeded(t)
	changed, err := newStore(t, stub).Update(t.Context(), orderID, pack)
	require.NoError(t, err)
	require.True(t, changed)
	requireRequest(t, `UpdateItem
		{"TableName": "orders-table", "Key": {"orderId": {"S": "`+orderID+`"}}, "ReturnValues": "NONE",
		 "UpdateExpression": "SET #status = :status, #modifiedDate = :modifiedDate, #total = :total, #products = :products",
		 "ConditionExpression": "attribute_exists(orderId) AND #modifiedDate = :old_modifiedDate AND #status = :old_status",
		 "ExpressionAttributeNames": {"#status": "status", "#modifiedDate": "modifiedDate", "#total": "total", "#products": "products"},
		 "ExpressionAttributeValues": {":status": {"S": "PACKAGED"}, ":modifiedDate": {"S": "2026-01-23T10:53:50.000000Z"},
			":old_status": {"S": "NEW"}, ":old_modifiedDate": {"S": "2026-01-23T10:53:49.131052Z"}, ":total": {"N": "525"},
			":products": {"L": [{"M": {"productId": {"S": "p1"}, "name": {"S": "Kettle <&>"}, "price": {"N": "500"}, "quantity": {"N": "1"},
				"package": {"M": {"width": {"N": "1"}, "length": {"N": "2"}, "height": {"N": "3"}, "weight": {"N": "4"}}},
				"color": {"SS": ["red", "blue"]}}}]}}}`, stub.requests[1])
	require.Contains(t, stub.items[orderID], "gift")
}

func TestUpdateMayChangeLinesInPlace(t *testing.T) {
	stub := seeded(t)
	changed, err := newStore(t, stub).Update(t.Context(), orderID, func(p order.Progress) (order.Progress, error) {
		p.Lines[0].Quantity = 1
		return p, nil
	})
	require.NoError(t, err)
	require.True(t, changed)
	require.Contains(t, stub.requests[1].body, `"quantity":{"N":"1"}`)
	require.NotContains(t, stub.requests[1].body, `"quantity":{"N":"2"}`)
}

func TestUpdateOfNothing(t *testing.T) {
	stub := seeded(t)
	store := newStore(t, stub)
	changed, err := store.Update(t.Context(), orderID, func(p order.Progress) (order.Progress, error) { return p, nil })
	require.NoError(t, err)
	require.False(t, changed)

	refusal := errors.New("no")
	changed, err = store.Update(t.Context(), orderID, func(p order.Progress) (order.Progress, error) { return p, refusal })
	require.Equal(t, refusal, err)
	require.False(t, changed)

	_, err = store.Update(t.Context(), "another", fulfil)
	require.ErrorIs(t, err, order.ErrNotFound)
	require.Equal(t, []string{"GetItem", "GetItem", "GetItem"}, stub.operations())
}

func TestUpdateGuardsAbsentAttributes(t *testing.T) {
	stub := seeded(t)
	delete(stub.items[orderID], "modifiedDate")
	changed, err := newStore(t, stub).Update(t.Context(), orderID, fulfil)
	require.NoError(t, err)
	require.True(t, changed)
	require.Contains(t, stub.requests[1].body, "attribute_exists(orderId) AND attribute_not_exists(#modifiedDate) AND #status = :old_status")
}

func TestUpdateAsksAgainAfterAConflict(t *testing.T) {
	stub := seeded(t)
	store := newStore(t, stub)
	var seen []order.Status
	changed, err := store.Update(t.Context(), orderID, func(p order.Progress) (order.Progress, error) {
		seen = append(seen, p.Status)
		if len(seen) == 1 { // another writer changes the status, but forgets modifiedDate
			stub.mu.Lock()
			stub.items[orderID]["status"] = members{"S": "PACKAGED"}
			stub.mu.Unlock()
		}
		return fulfil(p)
	})
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, []order.Status{order.New, order.Packaged}, seen)
	require.Equal(t, []string{"GetItem", "UpdateItem", "GetItem", "UpdateItem"}, stub.operations())
}

func TestUpdateWhoseAnswerIsLostCountsAsWritten(t *testing.T) {
	for name, change := range map[string]func(order.Progress) (order.Progress, error){"status": fulfil, "products": pack} {
		t.Run(name, func(t *testing.T) {
			stub := seeded(t)
			stub.faults = []fault{nil, lost}
			asked := 0
			changed, err := newStore(t, stub).Update(t.Context(), orderID, func(p order.Progress) (order.Progress, error) {
				asked++
				return change(p)
			})
			require.NoError(t, err)
			require.True(t, changed)
			require.Equal(t, 1, asked)
			require.Equal(t, []string{"GetItem", "UpdateItem", "UpdateItem", "GetItem"}, stub.operations())
		})
	}
}

func TestUpdateByAnotherWriterIsNotItsOwn(t *testing.T) {
	stub := seeded(t)
	asked := 0
	changed, err := newStore(t, stub).Update(t.Context(), orderID, func(p order.Progress) (order.Progress, error) {
		if asked++; asked == 1 { // another writer makes the very same change
			stub.mu.Lock()
			stub.items[orderID]["status"] = members{"S": string(order.Fulfilled)}
			stub.items[orderID]["modifiedDate"] = members{"S": string(laterDate)}
			stub.mu.Unlock()
		}
		return fulfil(p)
	})
	require.NoError(t, err)
	require.False(t, changed)
	require.Equal(t, 2, asked)
}

func TestUpdateGivesUpAmongWritersThatNeverRest(t *testing.T) {
	stub := seeded(t)
	conflict := func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		refuse(w, "ConditionalCheckFailedException", nil)
	}
	for range maxRounds {
		stub.faults = append(stub.faults, nil, conflict)
	}
	_, err := newStore(t, stub).Update(t.Context(), orderID, fulfil)
	require.Equal(t, order.Unavailable, order.KindOf(err))
	require.ErrorIs(t, err, errContended)
	require.Len(t, stub.requests, 2*maxRounds)
}

func TestUpdateNeedsALineForEveryProduct(t *testing.T) {
	stub := seeded(t)
	changed, err := newStore(t, stub).Update(t.Context(), orderID, func(p order.Progress) (order.Progress, error) {
		p.Lines = p.Lines[:1]
		return p, nil
	})
	require.Equal(t, order.Unavailable, order.KindOf(err))
	require.False(t, changed)
	require.Equal(t, []string{"GetItem"}, stub.operations())
}

func TestUpdatesBySeveralWritersAllCount(t *testing.T) {
	stub := seeded(t)
	store := newStore(t, stub)
	var writers sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		writers.Go(func() {
			_, errs[i] = store.Update(t.Context(), orderID, func(p order.Progress) (order.Progress, error) {
				p.Total++
				p.ModifiedDate += "1" // any other text
				return p, nil
			})
		})
	}
	writers.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, members{"N": "1129"}, stub.items[orderID]["total"])
}

func TestUpdateSeesNothingElse(t *testing.T) {
	stub := seeded(t)
	store := newStore(t, stub)
	_, err := store.Update(t.Context(), orderID, pack)
	require.NoError(t, err)
	for _, r := range stub.requests {
		for _, secret := range []string{"ALL_", "userId", "address", "paymentToken", "createdDate"} {
			require.False(t, strings.Contains(r.body, secret), "%s in %s", secret, r.operation)
		}
	}
}
