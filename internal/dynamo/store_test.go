package dynamo

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

const (
	orderID = "8f0e4d8e-2c4b-5d0a-9d3a-6a1f1d0b7c11"
	userID  = "user-1"
	date    = order.Date("2026-01-23T10:53:49.131052Z")
)

func newOrder() order.Order {
	state := "Fyn"
	return order.Order{
		OrderID: orderID, UserID: userID, Status: order.New, CreatedDate: date, ModifiedDate: date,
		Products: []order.Product{
			{ProductID: "p1", Name: "Kettle <&>", Package: order.Package{Width: 1, Length: 2, Height: 3, Weight: 4}, Price: 500, Quantity: 2},
			{ProductID: "p2", Name: "Cup", Price: 100, Quantity: 1},
		},
		Address:       order.Address{Name: "Mette Jensen", StreetAddress: "Vej 1", City: "Odense", State: &state, Country: "DK", PhoneNumber: "+4511111111"},
		DeliveryPrice: 25, PaymentToken: "tok-secret", Total: 1125,
		History: order.History{{Status: order.New, Date: date}},
	}
}

const storedOrder = `{
	"orderId": {"S": "8f0e4d8e-2c4b-5d0a-9d3a-6a1f1d0b7c11"}, "userId": {"S": "user-1"}, "status": {"S": "NEW"},
	"createdDate": {"S": "2026-01-23T10:53:49.131052Z"}, "modifiedDate": {"S": "2026-01-23T10:53:49.131052Z"},
	"products": {"L": [
		{"M": {"productId": {"S": "p1"}, "name": {"S": "Kettle <&>"}, "price": {"N": "500"}, "quantity": {"N": "2"},
			"package": {"M": {"width": {"N": "1"}, "length": {"N": "2"}, "height": {"N": "3"}, "weight": {"N": "4"}}}}},
		{"M": {"productId": {"S": "p2"}, "name": {"S": "Cup"}, "price": {"N": "100"}, "quantity": {"N": "1"},
			"package": {"M": {"width": {"N": "0"}, "length": {"N": "0"}, "height": {"N": "0"}, "weight": {"N": "0"}}}}}]},
	"address": {"M": {"name": {"S": "Mette Jensen"}, "streetAddress": {"S": "Vej 1"}, "city": {"S": "Odense"},
		"state": {"S": "Fyn"}, "country": {"S": "DK"}, "phoneNumber": {"S": "+4511111111"}}},
	"deliveryPrice": {"N": "25"}, "paymentToken": {"S": "tok-secret"}, "total": {"N": "1125"},
	"history": {"L": [{"M": {"status": {"S": "NEW"}, "date": {"S": "2026-01-23T10:53:49.131052Z"}}}]}
}`

// equalOrders requires equal orders, except for Document, which only stored orders have.
func equalOrders(t *testing.T, want, got order.Order) {
	t.Helper()
	want.Document, got.Document = nil, nil
	require.True(t, fmt.Sprint(want) == fmt.Sprint(got), "want %v, got %v", want, got)
	require.Equal(t, want, got)
}

func TestCreateWritesOnce(t *testing.T) {
	table := &fakeTable{}
	existing, err := newStore(t, table).Create(t.Context(), newOrder())
	require.NoError(t, err)
	require.Nil(t, existing)
	require.Len(t, table.requests, 1)
	requireRequest(t, `PutItem
		{"TableName": "orders-table", "ConditionExpression": "attribute_not_exists(orderId)",
		 "ReturnValuesOnConditionCheckFailure": "ALL_OLD", "Item": `+storedOrder+`}`, table.requests[0])
}

func TestCreateReturnsTheExistingOrder(t *testing.T) {
	table := &fakeTable{}
	store := newStore(t, table)
	first := newOrder()
	_, err := store.Create(t.Context(), first)
	require.NoError(t, err)
	second := newOrder()
	second.Total = 7
	existing, err := store.Create(t.Context(), second)
	require.NoError(t, err)
	require.NotNil(t, existing)
	equalOrders(t, first, *existing)
	require.Equal(t, []string{"PutItem", "PutItem"}, table.operations(), "no read")
}

func TestCreateWithADroppedResponseIsStored(t *testing.T) {
	for name, f := range map[string]fault{"reset": dropResponse, "truncated": truncateResponse, "500": internalErrorAfterWrite} {
		t.Run(name, func(t *testing.T) {
			table := &fakeTable{faults: []fault{f}}
			existing, err := newStore(t, table).Create(t.Context(), newOrder())
			require.NoError(t, err)
			require.Nil(t, existing)
			require.Equal(t, []string{"PutItem", "PutItem"}, table.operations())
		})
	}
}

func TestCreateWithADroppedResponseIsStoredEvenIfFulfilmentWasFaster(t *testing.T) {
	table := &fakeTable{}
	store := newStore(t, table)
	table.faults = []fault{func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
		serve(w, r)
		table.items[orderID]["status"] = members{"S": "PACKAGED"}
		table.items[orderID]["modifiedDate"] = members{"S": "2026-01-23T10:53:50.000000Z"}
		panic(http.ErrAbortHandler)
	}}
	existing, err := store.Create(t.Context(), newOrder())
	require.NoError(t, err)
	require.Nil(t, existing)
}

func TestCreateRecognizesOtherOrders(t *testing.T) {
	otherUser, otherTime, otherProducts := newOrder(), newOrder(), newOrder()
	otherUser.UserID = "user-2"
	otherTime.CreatedDate, otherTime.ModifiedDate = "2026-01-23T10:53:49.131051Z", "2026-01-23T10:53:49.131051Z"
	otherProducts.Products = otherProducts.Products[:1]
	for name, stored := range map[string]order.Order{"user": otherUser, "time": otherTime, "products": otherProducts} {
		t.Run(name, func(t *testing.T) {
			table := &fakeTable{}
			store := newStore(t, table)
			_, err := store.Create(t.Context(), stored)
			require.NoError(t, err)
			table.faults = []fault{reset}
			existing, err := store.Create(t.Context(), newOrder())
			require.NoError(t, err)
			require.NotNil(t, existing)
			equalOrders(t, stored, *existing)
		})
	}
}

func TestCreateRecognizesAnEqualOrderWrittenBefore(t *testing.T) {
	for name, faults := range map[string][]fault{"first attempt": nil, "after a rejection": {throttle}} {
		t.Run(name, func(t *testing.T) {
			table := &fakeTable{}
			store := newStore(t, table)
			_, err := store.Create(t.Context(), newOrder())
			require.NoError(t, err)
			table.faults = faults
			existing, err := store.Create(t.Context(), newOrder())
			require.NoError(t, err)
			require.NotNil(t, existing)
		})
	}
}

func TestCreateHasOneWinner(t *testing.T) {
	store := newStore(t, &fakeTable{})
	var racers sync.WaitGroup
	existing, errs := make([]*order.Order, 20), make([]error, 20)
	for i := range existing {
		racers.Go(func() { existing[i], errs[i] = store.Create(t.Context(), newOrder()) })
	}
	racers.Wait()
	winners := 0
	for i := range existing {
		require.NoError(t, errs[i])
		if existing[i] == nil {
			winners++
		} else {
			equalOrders(t, newOrder(), *existing[i])
		}
	}
	require.Equal(t, 1, winners)
}

func TestCreateFailsWithoutTheStoredOrder(t *testing.T) {
	table := &fakeTable{faults: []fault{func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		reject(w, "ConditionalCheckFailedException", nil)
	}}}
	_, err := newStore(t, table).Create(t.Context(), newOrder())
	require.Equal(t, order.Unavailable, order.KindOf(err))
}

func TestGet(t *testing.T) {
	table := &fakeTable{}
	store := newStore(t, table)
	_, err := store.Get(t.Context(), orderID)
	require.ErrorIs(t, err, order.ErrNotFound)
	requireRequest(t, `GetItem
		{"TableName": "orders-table", "Key": {"orderId": {"S": "`+orderID+`"}}, "ConsistentRead": true}`, table.requests[0])

	_, err = store.Create(t.Context(), newOrder())
	require.NoError(t, err)
	stored, err := store.Get(t.Context(), orderID)
	require.NoError(t, err)
	equalOrders(t, newOrder(), stored)
}

func TestGetKeepsUnknownAttributes(t *testing.T) {
	table := &fakeTable{items: map[string]members{orderID: {
		"orderId": members{"S": orderID}, "createdDate": members{"S": "2020-05-01T10:00:00"}, "extra": members{"NS": []string{"3", "1e2", "12345678901234567890123456789012345678"}},
		"products": members{"L": []any{members{"M": members{"productId": members{"S": "p1"}, "color": members{"S": "<red>"}}}}},
	}}}
	stored, err := newStore(t, table).Get(t.Context(), orderID)
	require.NoError(t, err)
	require.Equal(t, `{"createdDate":"2020-05-01T10:00:00","extra":[12345678901234567890123456789012345678,1e2,3],"orderId":"`+
		orderID+`","products":[{"color":"<red>","productId":"p1"}]}`, string(stored.Document))
	require.Equal(t, int64(1), stored.Products[0].Quantity)
}

func TestAttributesOfUnknownTypesAreUnreadable(t *testing.T) {
	table := &fakeTable{items: map[string]members{orderID: {
		"orderId": members{"S": orderID}, "userId": members{"S": userID}, "createdDate": members{"S": string(date)}, "total": members{"X": "secret"},
	}}}
	store := newStore(t, table)
	_, err := store.Get(t.Context(), orderID)
	require.EqualError(t, err, "Order cannot be read: order "+orderID+": /total: must be an integer")
	page, err := store.List(t.Context(), order.Query{UserID: userID, Limit: 10})
	require.NoError(t, err)
	require.Empty(t, page.Orders)
	require.Len(t, page.Unreadable, 1)
}

func TestListPagesThroughTheUsersOrders(t *testing.T) {
	table := &fakeTable{}
	store := newStore(t, table)
	for i := range 5 {
		o := newOrder()
		o.OrderID = fmt.Sprintf("8f0e4d8e-2c4b-5d0a-9d3a-6a1f1d0b7c%02d", i)
		o.CreatedDate = order.Date(fmt.Sprintf("2026-01-23T10:53:4%d.000000Z", i))
		_, err := store.Create(t.Context(), o)
		require.NoError(t, err)
	}
	other := newOrder()
	other.UserID = "user-2"
	_, err := store.Create(t.Context(), other)
	require.NoError(t, err)
	table.requests = nil

	var dates []order.Date
	var after *order.Position
	for pages := 0; pages == 0 || after != nil; pages++ {
		page, err := store.List(t.Context(), order.Query{UserID: userID, Limit: 2, After: after})
		require.NoError(t, err)
		for _, o := range page.Orders {
			dates = append(dates, o.CreatedDate)
		}
		after = page.Next
	}
	require.Equal(t, []order.Date{"2026-01-23T10:53:44.000000Z", "2026-01-23T10:53:43.000000Z", "2026-01-23T10:53:42.000000Z",
		"2026-01-23T10:53:41.000000Z", "2026-01-23T10:53:40.000000Z"}, dates)
	require.Len(t, table.requests, 3)
	requireRequest(t, `Query
		{"TableName": "orders-table", "IndexName": "user", "KeyConditionExpression": "userId = :userId",
		 "ExpressionAttributeValues": {":userId": {"S": "user-1"}}, "ScanIndexForward": false, "Limit": 2}`, table.requests[0])
	requireRequest(t, `Query
		{"TableName": "orders-table", "IndexName": "user", "KeyConditionExpression": "userId = :userId",
		 "ExpressionAttributeValues": {":userId": {"S": "user-1"}}, "ScanIndexForward": false, "Limit": 2,
		 "ExclusiveStartKey": {"userId": {"S": "user-1"}, "createdDate": {"S": "2026-01-23T10:53:43.000000Z"},
		 	"orderId": {"S": "8f0e4d8e-2c4b-5d0a-9d3a-6a1f1d0b7c03"}}}`, table.requests[1])
}

func TestListByStatusIsOneFilteredQuery(t *testing.T) {
	table := &fakeTable{}
	_, err := newStore(t, table).List(t.Context(), order.Query{UserID: userID, Status: order.Packaged, Limit: 2})
	require.NoError(t, err)
	require.Len(t, table.requests, 1)
	requireRequest(t, `Query
		{"TableName": "orders-table", "IndexName": "user", "KeyConditionExpression": "userId = :userId", "FilterExpression": "#status = :status",
		 "ExpressionAttributeNames": {"#status": "status"},
		 "ExpressionAttributeValues": {":userId": {"S": "user-1"}, ":status": {"S": "PACKAGED"}}, "ScanIndexForward": false, "Limit": 2}`, table.requests[0])
}

func TestClientKeepsTheCallersAPIOptions(t *testing.T) {
	var seen []string
	cfg := testConfig()
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Trace", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			seen = append(seen, stack.ID())
			return next.HandleInitialize(ctx, in)
		}), middleware.Before)
	})
	client := NewClient(cfg, "http://table.invalid", Timing{})
	client.Options().HTTPClient.(*http.Client).Transport = inProcess{&fakeTable{}}
	_, err := (&Store{Client: client, Table: tableName}).Get(t.Context(), orderID)
	require.ErrorIs(t, err, order.ErrNotFound)
	require.Equal(t, []string{"GetItem"}, seen)
}
