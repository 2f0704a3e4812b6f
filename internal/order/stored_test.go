package order_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/order"
	"orders/internal/order/ordertest"
)

func TestFromDocumentReadsWhatIsStored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := ordertest.Orders().Draw(t, "order")
		document, err := json.Marshal(o)
		require.NoError(t, err)
		got, err := order.FromDocument(document)
		require.NoError(t, err)
		require.Equal(t, document, []byte(got.Document))
		require.Equal(t, o, withoutDocument(got))
	})
}

func TestOrdersOfTheOriginalPlatformAreRead(t *testing.T) {
	document := ordertest.Original("6f1d0c3e-52a4-4b0e-9c57-0d8f6f1b7a21", "ida")
	got, err := order.FromDocument(document)
	require.NoError(t, err)
	require.Equal(t, document, got.Document, "with all that this version does not know")
	require.Equal(t, "6f1d0c3e-52a4-4b0e-9c57-0d8f6f1b7a21", got.OrderID)
	require.Equal(t, "ida", got.UserID)
	require.Equal(t, order.New, got.Status)
	require.EqualValues(t, "2020-11-05T09:41:07.280131", got.CreatedDate, "dates stay as they are written")
	require.True(t, got.Unchanged())
	require.Len(t, got.Products, 3)
	require.EqualValues(t, 1, got.Products[1].Quantity, "a missing quantity means 1")
	require.Equal(t, "", *got.Address.State)
	require.Nil(t, got.Address.PostCode)
	require.EqualValues(t, 10448, got.Total)
}

func TestValuesThatRequestsMustNotHaveAreRead(t *testing.T) {
	got, err := order.FromDocument([]byte(`{"orderId":"1","status":"SENT_BACK","createdDate":"yesterday","paymentToken":"","total":-100,
		"products":[{"productId":"a","price":-5,"quantity":-20},{"productId":"a","quantity":1.0},{}],
		"address":{"country":"Germany","name":""},"deliveryPrice":99999999999999999999}`))
	require.NoError(t, err)
	require.Equal(t, order.Order{
		OrderID: "1", Status: "SENT_BACK", CreatedDate: "yesterday", Total: -100, DeliveryPrice: 1<<63 - 1,
		Products: []order.Product{{ProductID: "a", Price: -5, Quantity: -20}, {ProductID: "a", Quantity: 1}, {Quantity: 1}},
		Address:  order.Address{Country: "Germany"},
	}, withoutDocument(got))
}

func TestPartsOfOrdersAreRead(t *testing.T) {
	for document, want := range map[string]order.Order{
		`{}`:                              {},
		`{"userId":"u"}`:                  {UserID: "u"},
		`{"products":[]}`:                 {},
		`{"address":{}}`:                  {},
		`{"ORDERID":"1","orderid":"2"}`:   {},
		`{"orderId":"1","giftWrap":null}`: {OrderID: "1"},
	} {
		got, err := order.FromDocument([]byte(document))
		require.NoError(t, err, document)
		want.Products = []order.Product{}
		require.Equal(t, want, withoutDocument(got), document)
	}
}

// However an item is written, it is read as the order that it means.
func TestReadingIsLenient(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := ordertest.Orders().Draw(t, "order")
		attributes := ordertest.DrawAttributes(t, o)
		got, err := order.FromAttributes(attributes)
		require.NoError(t, err)
		require.Equal(t, o, got)

		document, err := json.Marshal(attributes)
		require.NoError(t, err)
		fromJSON, err := order.FromDocument(document)
		require.NoError(t, err)
		require.Equal(t, o, withoutDocument(fromJSON))
	})
}

func TestUnreadableItems(t *testing.T) {
	for document, reason := range map[string]string{
		`{"orderId":["s3cret"]}`: "/orderId: must be a string",
		`{"userId":7}`:           "/userId: must be a string",
		`{"orderId":"1","userId":"u","status":{"s3cret":1}}`:            "/status: must be a string",
		`{"createdDate":20260123}`:                                      "/createdDate: must be a string",
		`{"modifiedDate":false}`:                                        "/modifiedDate: must be a string",
		`{"paymentToken":["s3cret"]}`:                                   "/paymentToken: must be a string",
		`{"total":"s3cret"}`:                                            "/total: must be an integer",
		`{"total":""}`:                                                  "/total: must be an integer",
		`{"total":1.5}`:                                                 "/total: must be an integer",
		`{"total":"1.5"}`:                                               "/total: must be an integer",
		`{"deliveryPrice":true}`:                                        "/deliveryPrice: must be an integer",
		`{"products":"s3cret"}`:                                         "/products: must be an array",
		`{"products":["s3cret"]}`:                                       "/products/0: must be an object",
		`{"products":[{},{"name":["s3cret"]}]}`:                         "/products/1/name: must be a string",
		`{"products":[{"price":99.99}]}`:                                "/products/0/price: must be an integer",
		`{"products":[{"quantity":[]}]}`:                                "/products/0/quantity: must be an integer",
		`{"products":[{"package":"s3cret"}]}`:                           "/products/0/package: must be an object",
		`{"products":[{"package":{"width":"s3cret"}}]}`:                 "/products/0/package/width: must be an integer",
		`{"address":"s3cret"}`:                                          "/address: must be an object",
		`{"address":{"phoneNumber":["s3cret"]}}`:                        "/address/phoneNumber: must be a string",
		`{"address":{"postCode":20095}}`:                                "/address/postCode: must be a string",
		`{"orderId":"1","paymentToken":"s3cret","paymentToken":"also"}`: "/paymentToken: duplicate property",
		`["s3cret"]`:                                                    ": must be an object",
		`null`:                                                          ": must be an object",
		``:                                                              "unexpected end of JSON input (at byte 0)",
		`{"total":1} {}`:                                                "invalid character '{' after top-level value (at byte 13)",
		"{\"orderId\":\"\xff\"}":                                        "the text is not valid UTF-8",
	} {
		got, err := order.FromDocument([]byte(document))
		require.Empty(t, got, document)
		require.Equal(t, order.Unreadable, order.KindOf(err), document)
		require.NotContains(t, err.Error(), "s3cret")
		item, ok := errors.AsType[*order.UnreadableItem](err)
		require.True(t, ok)
		require.Equal(t, reason, item.Reason, document)
		require.Equal(t, document, string(item.Document))
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", item, item, item), "s3cret")

		var attributes map[string]any
		decoder := json.NewDecoder(strings.NewReader(document))
		decoder.UseNumber()
		if decoder.Decode(&attributes) != nil || attributes == nil || strings.Contains(reason, "duplicate") || !utf8.ValidString(document) || decoder.More() {
			continue
		}
		got, err = order.FromAttributes(attributes)
		require.Empty(t, got, document)
		fromAttributes, ok := errors.AsType[*order.UnreadableItem](err)
		require.True(t, ok)
		require.JSONEq(t, document, string(fromAttributes.Document))
		fromAttributes.Document = item.Document
		require.Equal(t, item, fromAttributes)
	}
	_, err := order.FromDocument([]byte(`{"orderId":"1","userId":"u","total":{}}`))
	item, _ := errors.AsType[*order.UnreadableItem](err)
	require.Equal(t, []string{"1", "u"}, []string{item.OrderID, item.UserID})
	require.EqualError(t, err, "Order cannot be read: order 1: /total: must be an integer")
}

func FuzzFromDocument(f *testing.F) {
	f.Add([]byte(ordertest.Original("6f1d0c3e-52a4-4b0e-9c57-0d8f6f1b7a21", "ida")))
	f.Add([]byte(`{"orderId":"1","products":[{"quantity":1e400}],"address":{},"total":-0.0}`))
	f.Add([]byte(`{"products":[null],"address":[]}`))
	f.Add([]byte(strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat(`}`, 200)))
	f.Fuzz(func(t *testing.T, document []byte) {
		o, err := order.FromDocument(document)
		if err != nil {
			require.Empty(t, o)
			return
		}
		require.Equal(t, document, []byte(o.Document))
		text, err := json.Marshal(o)
		require.NoError(t, err)
		again, err := order.FromDocument(text)
		require.NoError(t, err)
		require.Equal(t, withoutDocument(o), withoutDocument(again), "what was read is written as it was")
	})
}
