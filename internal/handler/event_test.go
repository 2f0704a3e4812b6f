package handler_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/order/ordertest"
)

// oddValues are JSON values of every type.
var oddValues = []string{`null`, `5`, `-1.5e3`, `true`, `"text"`, `[]`, `[1, {"a": null}]`, `{}`, `{"a": [2]}`}

// withOddFields returns a proxy event with values of any type in fields that the functions do not
// use.
func withOddFields(t *rapid.T, event []byte) []byte {
	fields := map[string]json.RawMessage{}
	require.NoError(t, json.Unmarshal(event, &fields))
	for _, name := range []string{
		"path", "headers", "multiValueHeaders", "multiValueQueryStringParameters", "stageVariables", "version", "extra",
	} {
		if rapid.Bool().Draw(t, name+" is odd") {
			fields[name] = json.RawMessage(rapid.SampledFrom(oddValues).Draw(t, name))
		}
	}
	requestContext := map[string]json.RawMessage{}
	require.NoError(t, json.Unmarshal(fields["requestContext"], &requestContext))
	for _, name := range []string{"requestTimeEpoch", "accountId", "stage", "requestId", "apiId", "protocol", "operationName"} {
		if rapid.Bool().Draw(t, name+" is odd") {
			requestContext[name] = json.RawMessage(rapid.SampledFrom(oddValues).Draw(t, name))
		}
	}
	fields["requestContext"], _ = json.Marshal(requestContext)
	event, err := json.Marshal(fields)
	require.NoError(t, err)
	return event
}

func TestOddValuesInUnusedFieldsChangeNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, o := newShop(), ordertest.Sample()
		create := withOddFields(rt, post(o.UserID, ordertest.Request(o)))
		require.Equal(rt, 201, invoke(t, createOrder(s), create).status, string(create))
		get := withOddFields(rt, proxyEvent("GET", "/orders/{orderId}", o.UserID, path(o.OrderID)))
		require.Equal(rt, 200, invoke(t, getOrder(s), get).status, string(get))
	})
}

// Whatever an event with httpMethod looks like, it gets a proxy response.
func TestOddValuesInUsedFieldsCountAsMissing(t *testing.T) {
	o := ordertest.Sample()
	for field, want := range map[string]int{
		"httpMethod": 404, "resource": 404, "pathParameters": 400, "requestContext": 401, "queryStringParameters": 200,
	} {
		for _, odd := range []string{`5`, `true`, `[]`, `[{"orderId": "x"}]`} {
			s := newShop()
			_, err := s.store.Create(t.Context(), o)
			require.NoError(t, err)
			fields := map[string]json.RawMessage{}
			require.NoError(t, json.Unmarshal(proxyEvent("GET", "/orders/{orderId}", o.UserID, path(o.OrderID)), &fields))
			fields[field] = json.RawMessage(odd)
			event, err := json.Marshal(fields)
			require.NoError(t, err)
			require.Equal(t, want, invoke(t, getOrder(s), event).status, "%s: %s", field, odd)
		}
	}
	for event, want := range map[string]int{
		`{"httpMethod": null}`: 401,
		`{"httpMethod": 5, "body": 7, "requestContext": {"authorizer": {"claims": {"sub": "u"}}}}`:                                400,
		`{"httpMethod": "POST", "isBase64Encoded": "no", "body": {}, "requestContext": {"authorizer": {"claims": {"sub": "u"}}}}`: 400,
		`{"httpMethod": "POST", "requestContext": {"authorizer": [1]}}`:                                                           401,
		`{"httpMethod": "POST", "requestContext": {"authorizer": {"claims": "u"}}}`:                                               401,
		`{"httpMethod": "POST", "requestContext": {"authorizer": {"claims": {"sub": 5}}}}`:                                        401,
		`{"httpMethod": "POST", "requestContext": {"authorizer": {"claims": {"SUB": "u"}}}}`:                                      401,
	} {
		require.Equal(t, want, invoke(t, createOrder(newShop()), []byte(event)).status, event)
	}
	odd := proxyEvent("GET", "/orders", "u", query(map[string]string{"limit": "LIMIT"}))
	odd = bytes.Replace(odd, []byte(`"LIMIT"`), []byte(`5`), 1)
	require.Equal(t, 400, invoke(t, getOrder(newShop()), odd).status, "the limit is not a string")
}
