package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"orders/internal/local/fakepeers"
)

func noPut(string, string, []string, json.RawMessage) error {
	return errors.New("no event was expected")
}

// request sends a request to the stage of a peer.
func request(t *testing.T, p *platform, stage, path string, body any) (int, map[string]any) {
	t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(t, err)
	proxy := events.APIGatewayProxyRequest{HTTPMethod: "POST", Path: path, Body: string(encoded)}
	proxy.RequestContext.Stage = stage
	event, err := json.Marshal(proxy)
	require.NoError(t, err)
	output, err := p.Invoke(t.Context(), event)
	require.NoError(t, err)
	var response events.APIGatewayProxyResponse
	require.NoError(t, json.Unmarshal(output, &response))
	require.Equal(t, "application/json", response.Headers["Content-Type"])
	var members map[string]any
	require.NoError(t, json.Unmarshal([]byte(response.Body), &members))
	return response.StatusCode, members
}

func TestEveryPeerRespondsOnItsStage(t *testing.T) {
	issuer, p := newPlatform([]byte("key"), noPut), newPlatform([]byte("key"), noPut)
	_, issued := request(t, issuer, "payment-3p", "/preauth", map[string]any{"cardNumber": "4111", "amount": 1290})
	products := fakepeers.NewCatalogue()[:1]
	for name, c := range map[string]struct {
		stage, path string
		body        map[string]any
		want        map[string]any
	}{
		"a token of another instance": {"payment", "/backend/validate", map[string]any{"paymentToken": issued["paymentToken"], "total": 1290}, map[string]any{"ok": true}},
		"too much":                    {"payment", "/backend/validate", map[string]any{"paymentToken": issued["paymentToken"], "total": 1291}, map[string]any{"ok": false}},
		"products":                    {"products", "/backend/validate", map[string]any{"products": products}, map[string]any{"message": "All products are valid"}},
		"a user":                      {"users", "/backend/validate", map[string]any{"userId": "11111111-2222-4333-8444-555555555555"}, map[string]any{"ok": true}},
	} {
		t.Run(name, func(t *testing.T) {
			status, response := request(t, p, c.stage, c.path, c.body)
			require.Equal(t, 200, status)
			require.Equal(t, c.want, response)
		})
	}
	address := map[string]any{"name": "n", "streetAddress": "s", "city": "c", "country": "DE", "phoneNumber": "1"}
	_, price := request(t, p, "delivery-pricing", "/backend/pricing", map[string]any{"products": products, "address": address})
	require.Equal(t, 1000.0, price["pricing"])

	status, response := request(t, p, "payment", "/preauth", map[string]any{"cardNumber": "4111", "amount": 1})
	require.Equal(t, 403, status, "no token without the stage that issues them")
	require.Contains(t, response, "message")
}

func TestWarehouseAndDeliveryFulfilOrders(t *testing.T) {
	var put []string
	p := newPlatform([]byte("key"), func(source, detailType string, resources []string, _ json.RawMessage) error {
		put = append(put, fmt.Sprint(source, " ", detailType, " ", resources))
		return nil
	})
	for _, event := range []string{
		`{"source":"ecommerce.orders","detail-type":"OrderCreated","detail":{"orderId":"o-1","modifiedDate":"2026-01-23T10:53:49.131052Z",
			"products":[{"productId":"p","quantity":2}]}}`,
		`{"source":"ecommerce.warehouse","detail-type":"PackageCreated","detail":{"orderId":"o-1","products":[]}}`,
	} {
		_, err := p.Invoke(t.Context(), []byte(event))
		require.NoError(t, err)
	}
	require.Equal(t, []string{"ecommerce.warehouse PackageCreated [o-1]", "ecommerce.delivery DeliveryCompleted [o-1]"}, put)
}

func TestOtherEventsAreErrors(t *testing.T) {
	p := newPlatform([]byte("key"), noPut)
	for _, event := range []string{
		`nope`, `{}`, `{"source":"ecommerce.orders","detail-type":"OrderModified","detail":{}}`,
		`{"httpMethod":"POST","requestContext":{"stage":"warehouse"}}`, `{"httpMethod":"POST","path":7}`,
		`{"httpMethod":"POST","isBase64Encoded":true,"body":"%","requestContext":{"stage":"users"}}`,
		`{"source":"ecommerce.orders","detail-type":"OrderCreated","detail":{"orderId":"o-1","modifiedDate":"d","products":[]}}`, // cannot be put
	} {
		_, err := p.Invoke(t.Context(), []byte(event))
		require.Error(t, err, event)
	}
}
