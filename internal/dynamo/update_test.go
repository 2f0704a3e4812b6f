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

// fulfil is a change of the status alone.
func fulfil(p order.Progress) (order.Progress, error) {
	p.Status, p.ModifiedDate = order.Fulfilled, laterDate
	return p, nil
}

// pack is a change that keeps one piece of the first product and none of the second.
func pack(p order.Progress) (order.Progress, error) {
	lines := []order.Line{p.Lines[0], p.Lines[1]}
	lines[0].Quantity, lines[1].Quantity = 1, 0
	p.Status, p.ModifiedDate, p.Lines, p.Total = order.Packaged, laterDate, lines, 525
	return p, nil
}

// seeded returns a table with one order, which has attributes that this version does not know.
func seeded(t *testing.T) *fakeTable {
	var item members
	require.NoError(t, json.Unmarshal([]byte(storedOrder), &item))
	item["gift"] = members{"BOOL": true}
	first := item["products"].(members)["L"].([]any)[0].(members)["M"].(members)
	first["color"] = members{"SS": []any{"red", "blue"}}
	return &fakeTable{items: map[string]members{orderID: item}}
}

const readsProgress = `GetItem
	{"TableName": "orders-table", "Key": {"orderId": {"S": "` + orderID + `"}}, "ConsistentRead": true,
	 "ProjectionExpression": "#orderId, #status, #products, #total, #deliveryPrice, #modifiedDate, #history",
	 "ExpressionAttributeNames": {"#orderId": "orderId", "#status": "status", "#products": "products", "#total": "total",
		"#deliveryPrice": "deliveryPrice", "#modifiedDate": "modifiedDate", "#history": "history"}}`

func TestUpdateOfTheStatusAlone(t *testing.T) {
	table := seeded(t)
	changed, err := newStore(t, table).Update(t.Context(), orderID, fulfil)
	require.NoError(t, err)
	require.True(t, changed)
	require.Len(t, table.requests, 2)
	requireRequest(t, readsProgress, table.requests[0])
	requireRequest(t, `UpdateItem
		{"TableName": "orders-table", "Key": {"orderId": {"S": "`+orderID+`"}}, "ReturnValues": "NONE",
		 "UpdateExpression": "SET #status = :status, #modifiedDate = :modifiedDate",
		 "ConditionExpression": "attribute_exists(orderId) AND #modifiedDate = :old_modifiedDate AND #status = :old_status",
		 "ExpressionAttributeNames": {"#status": "status", "#modifiedDate": "modifiedDate"},
		 "ExpressionAttributeValues": {":status": {"S": "FULFILLED"}, ":modifiedDate": {"S": "2026-01-23T10:53:50.000000Z"},
			":old_status": {"S": "NEW"}, ":old_modifiedDate": {"S": "2026-01-23T10:53:49.131052Z"}}}`, table.requests[1])
}

func TestUpdateExtendsTheHistory(t *testing.T) {
	table := seeded(t)
	changed, err := newStore(t, table).Update(t.Context(), orderID, func(p order.Progress) (order.Progress, error) {
		p.History = append(p.History, order.HistoryEntry{Status: order.Fulfilled, Date: laterDate})
		return fulfil(p)
	})
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, members{"L": []any{
		members{"M": members{"status": members{"S": "NEW"}, "date": members{"S": string(date)}}},
		members{"M": members{"status": members{"S": "FULFILLED"}, "date": members{"S": string(laterDate)}}},
	}}, table.items[orderID]["history"])
}

func TestUpdateOfProductsKeepsTheirRecords(t *testing.T) {
	table := seeded(t)
	changed, err := newStore(t, table).Update(t.Context(), orderID, pack)
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
				"color": {"SS": ["red", "blue"]}}}]}}}`, table.requests[1])
	require.Contains(t, table.items[orderID], "gift")
}

func TestUpdateMayChangeLinesInPlace(t *testing.T) {
	table := seeded(t)
	changed, err := newStore(t, table).Update(t.Context(), orderID, func(p order.Progress) (order.Progress, error) {
		p.Lines[0].Quantity = 1
		return p, nil
	})
	require.NoError(t, err)
	require.True(t, changed)
	require.Contains(t, table.requests[1].body, `"quantity":{"N":"1"}`)
	require.NotContains(t, table.requests[1].body, `"quantity":{"N":"2"}`)
}

func TestUpdateWithoutAChange(t *testing.T) {
	table := seeded(t)
	store := newStore(t, table)
	changed, err := store.Update(t.Context(), orderID, func(p order.Progress) (order.Progress, error) { return p, nil })
	require.NoError(t, err)
	require.False(t, changed)

	failure := errors.New("no")
	changed, err = store.Update(t.Context(), orderID, func(p order.Progress) (order.Progress, error) { return p, failure })
	require.Equal(t, failure, err)
	require.False(t, changed)

	_, err = store.Update(t.Context(), "another", fulfil)
	require.ErrorIs(t, err, order.ErrNotFound)
	require.Equal(t, []string{"GetItem", "GetItem", "GetItem"}, table.operations())
}

func TestUpdateGuardsAbsentAttributes(t *testing.T) {
	table := seeded(t)
	delete(table.items[orderID], "modifiedDate")
	changed, err := newStore(t, table).Update(t.Context(), orderID, fulfil)
	require.NoError(t, err)
	require.True(t, changed)
	require.Contains(t, table.requests[1].body, "attribute_exists(orderId) AND attribute_not_exists(#modifiedDate) AND #status = :old_status")
}

func TestUpdateRetriesAfterAConflict(t *testing.T) {
	table := seeded(t)
	store := newStore(t, table)
	var seen []order.Status
	changed, err := store.Update(t.Context(), orderID, func(p order.Progress) (order.Progress, error) {
		seen = append(seen, p.Status)
		if len(seen) == 1 { // another writer changes the status, but forgets modifiedDate
			table.mu.Lock()
			table.items[orderID]["status"] = members{"S": "PACKAGED"}
			table.mu.Unlock()
		}
		return fulfil(p)
	})
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, []order.Status{order.New, order.Packaged}, seen)
	require.Equal(t, []string{"GetItem", "UpdateItem", "GetItem", "UpdateItem"}, table.operations())
}

func TestUpdateWithADroppedResponseIsWritten(t *testing.T) {
	for name, change := range map[string]func(order.Progress) (order.Progress, error){"status": fulfil, "products": pack} {
		t.Run(name, func(t *testing.T) {
			table := seeded(t)
			table.faults = []fault{nil, dropResponse}
			calls := 0
			changed, err := newStore(t, table).Update(t.Context(), orderID, func(p order.Progress) (order.Progress, error) {
				calls++
				return change(p)
			})
			require.NoError(t, err)
			require.True(t, changed)
			require.Equal(t, 1, calls)
			require.Equal(t, []string{"GetItem", "UpdateItem", "UpdateItem", "GetItem"}, table.operations())
		})
	}
}

func TestUpdateRecognizesAnEqualUpdateByAnotherWriter(t *testing.T) {
	table := seeded(t)
	calls := 0
	changed, err := newStore(t, table).Update(t.Context(), orderID, func(p order.Progress) (order.Progress, error) {
		if calls++; calls == 1 { // another writer makes the very same change
			table.mu.Lock()
			table.items[orderID]["status"] = members{"S": string(order.Fulfilled)}
			table.items[orderID]["modifiedDate"] = members{"S": string(laterDate)}
			table.mu.Unlock()
		}
		return fulfil(p)
	})
	require.NoError(t, err)
	require.False(t, changed)
	require.Equal(t, 2, calls)
}

func TestUpdateFailsAfterTooManyConcurrentUpdates(t *testing.T) {
	table := seeded(t)
	conflict := func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		reject(w, "ConditionalCheckFailedException", nil)
	}
	for range maxRounds {
		table.faults = append(table.faults, nil, conflict)
	}
	_, err := newStore(t, table).Update(t.Context(), orderID, fulfil)
	require.Equal(t, order.Unavailable, order.KindOf(err))
	require.ErrorIs(t, err, errContended)
	require.Len(t, table.requests, 2*maxRounds)
}

func TestUpdateNeedsALineForEveryProduct(t *testing.T) {
	table := seeded(t)
	changed, err := newStore(t, table).Update(t.Context(), orderID, func(p order.Progress) (order.Progress, error) {
		p.Lines = p.Lines[:1]
		return p, nil
	})
	require.Equal(t, order.Unavailable, order.KindOf(err))
	require.False(t, changed)
	require.Equal(t, []string{"GetItem"}, table.operations())
}

func TestConcurrentUpdatesAreAllWritten(t *testing.T) {
	table := seeded(t)
	store := newStore(t, table)
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
	require.Equal(t, members{"N": "1129"}, table.items[orderID]["total"])
}

func TestUpdateUsesNoOtherAttributes(t *testing.T) {
	table := seeded(t)
	store := newStore(t, table)
	_, err := store.Update(t.Context(), orderID, pack)
	require.NoError(t, err)
	for _, r := range table.requests {
		for _, secret := range []string{"ALL_", "userId", "address", "paymentToken", "createdDate"} {
			require.False(t, strings.Contains(r.body, secret), "%s in %s", secret, r.operation)
		}
	}
}
