package dynamo

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// A sentRequest is the part of a request to DynamoDB that names attributes.
type sentRequest struct {
	Key, Item                                                   map[string]any
	ProjectionExpression, ConditionExpression, UpdateExpression string
	ExpressionAttributeNames                                    map[string]string
	ReturnValues, ReturnValuesOnConditionCheckFailure           string
	AttributesToGet, AttributeUpdates, Expected                 any // legacy parameters, which are not used
	ConsistentRead                                              bool
}

// updatesOnlyTheProgress applies every kind of fulfilment update, including a duplicate and one
// with a concurrent writer. It collects the attributes that IAM's dynamodb:Attributes would see.
func updatesOnlyTheProgress(t *testing.T, table realTable) {
	o := ordertest.Sample()
	_, err := table.store(t, table.endpoint, patient).Create(t.Context(), o)
	require.NoError(t, err)
	p := newProxy(t, table)
	service := order.Service{Store: table.store(t, p.endpoint, patient)}
	p.faults = []fault{nil, func(w http.ResponseWriter, r *http.Request, forward http.HandlerFunc) {
		other := order.Service{Store: table.store(t, table.endpoint, patient)}
		if _, err := other.Apply(t.Context(), o.OrderID, order.FulfilmentUpdate{Status: order.PackagingFailed}); err != nil {
			t.Error(err)
		}
		forward(w, r)
	}}
	packed := order.FulfilmentUpdate{Status: order.Packaged, Package: []order.PackedProduct{{ProductID: "lamp", Quantity: 1}}}
	for _, step := range []struct {
		update  order.FulfilmentUpdate
		changed bool
	}{{packed, true}, {packed, false}, {order.FulfilmentUpdate{Status: order.DeliveryFailed}, true}, {order.FulfilmentUpdate{Status: order.Fulfilled}, true}} {
		result, err := service.Apply(t.Context(), o.OrderID, step.update)
		require.NoError(t, err)
		require.Equal(t, step.changed, result.Changed)
	}
	_, err = service.Apply(t.Context(), ordertest.Sample().OrderID, packed)
	require.ErrorIs(t, err, order.ErrNotFound)

	require.Equal(t, []string{
		"GetItem", "UpdateItem", "GetItem", "UpdateItem", // packed, at the second attempt
		"GetItem", "GetItem", "UpdateItem", "GetItem", "UpdateItem", "GetItem",
	}, p.operations())
	touched := map[string]bool{}
	for _, r := range p.requests {
		for _, name := range attributesOf(t, r) {
			touched[name] = true
		}
	}
	require.Equal(t, []string{"deliveryPrice", "history", "modifiedDate", "orderId", "products", "status", "total"}, slices.Sorted(maps.Keys(touched)))
}

// attributesOf returns every attribute that a request reads or writes.
func attributesOf(t *testing.T, r request) []string {
	var sent sentRequest
	require.NoError(t, json.Unmarshal([]byte(r.body), &sent))
	require.Nil(t, sent.AttributesToGet)
	require.Nil(t, sent.AttributeUpdates)
	require.Nil(t, sent.Expected)
	require.Empty(t, sent.ReturnValuesOnConditionCheckFailure)
	names := slices.Collect(maps.Keys(sent.Key))
	switch r.operation {
	case "GetItem":
		require.True(t, sent.ConsistentRead)
		require.NotEmpty(t, sent.ProjectionExpression, "it would read everything")
	case "UpdateItem":
		require.Contains(t, []string{"", "NONE"}, sent.ReturnValues)
		require.Equal(t, "attribute_exists(orderId) AND #modifiedDate = :old_modifiedDate AND #status = :old_status", sent.ConditionExpression)
	default:
		t.Fatalf("%s is not needed to apply an update", r.operation)
	}
	keywords := []string{"SET", "AND", "attribute_exists"}
	for _, expression := range []string{sent.ProjectionExpression, sent.ConditionExpression, sent.UpdateExpression} {
		for _, word := range regexp.MustCompile(`[#:]?\w+`).FindAllString(expression, -1) {
			switch name, isPlaceholder := sent.ExpressionAttributeNames[word]; {
			case isPlaceholder:
				names = append(names, name)
			case word[0] != ':' && !slices.Contains(keywords, word):
				names = append(names, word)
			}
		}
	}
	return names
}

func createsAndReadsWithOneRequest(t *testing.T, table realTable) {
	p := newProxy(t, table)
	service := order.Service{Store: table.store(t, p.endpoint, patient)}
	want := ordertest.Sample()
	r, err := order.ParseRequest(ordertest.Request(want))
	require.NoError(t, err)
	_, replayed, err := service.Create(t.Context(), want.UserID, r)
	require.NoError(t, err)
	require.False(t, replayed)
	require.Equal(t, []string{"PutItem"}, p.operations())
	require.Contains(t, p.requests[0].body, `"ConditionExpression":"attribute_not_exists(orderId)"`)

	_, err = service.GetFor(t.Context(), want.UserID, want.OrderID)
	require.NoError(t, err)
	require.Equal(t, []string{"PutItem", "GetItem"}, p.operations())
	require.Contains(t, p.requests[1].body, `"ConsistentRead":true`)

	_, replayed, err = service.Create(t.Context(), want.UserID, r)
	require.NoError(t, err)
	require.True(t, replayed)
	require.Equal(t, []string{"PutItem", "GetItem", "PutItem"}, p.operations(), "a repeat is no more than that either")
}
