package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/stretchr/testify/require"

	"orders/internal/coldstart/coldstarttest"
	"orders/internal/order/ordertest"
	"orders/internal/safehttp"
)

// variables returns the function's environment, with changes; an empty value counts as missing.
func variables(changes map[string]string) func(string) string {
	all := map[string]string{
		"LOG_LEVEL": "INFO", "ENVIRONMENT": "test", "TABLE_NAME": "orders-table",
		"DELIVERY_API_URL": "http://delivery", "PAYMENT_API_URL": "http://payment", "PRODUCTS_API_URL": "http://products", "USERS_API_URL": "http://users",
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
	}
	maps.Copy(all, changes)
	return func(name string) string { return all[name] }
}

func TestOneErrorNamesAllMissingVariables(t *testing.T) {
	_, err := newHandler(func(string) string { return "" }, io.Discard, safehttp.NewTransport())
	require.EqualError(t, err, "missing environment variables: LOG_LEVEL, ENVIRONMENT, TABLE_NAME, "+
		"DELIVERY_API_URL, PAYMENT_API_URL, PRODUCTS_API_URL, AWS_REGION")
}

func TestInvalidVariablesAreNamed(t *testing.T) {
	for name, value := range map[string]string{
		"LOG_LEVEL": "LOUD", "AWS_ENDPOINT_URL_DYNAMODB": "8000", "AWS_XRAY_DAEMON_ADDRESS": "no address",
		"DELIVERY_API_URL": "delivery", "PAYMENT_API_URL": "ftp://payment", "PRODUCTS_API_URL": "http://", "USERS_API_URL": "http://u:p@users",
	} {
		_, err := newHandler(variables(map[string]string{name: value}), io.Discard, safehttp.NewTransport())
		require.ErrorContains(t, err, name)
	}
}

func TestUsersCheckThatIsOffIsLoggedOnce(t *testing.T) {
	var output bytes.Buffer
	for _, level := range []string{"DEBUG", "INFO", "WARN", "ERROR"} {
		output.Reset()
		_, err := newHandler(variables(map[string]string{"USERS_API_URL": "", "LOG_LEVEL": level}), &output, safehttp.NewTransport())
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(output.String(), "\n"), output.String())
		require.Contains(t, output.String(), `"message":"users check off: USERS_API_URL is empty"`)
	}

	output.Reset()
	_, err := newHandler(variables(nil), &output, safehttp.NewTransport())
	require.NoError(t, err)
	require.Empty(t, output.String(), "the check is on")
}

// A platform is all peers, each below a path of its own, and the table. It accepts every order.
type platform struct {
	mu             sync.Mutex
	calls          map[string]string // bodies by path, and by target for the table
	authorizations []string
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	p.calls[r.URL.Path+r.Header.Get("X-Amz-Target")] = string(body)
	p.authorizations = append(p.authorizations, r.Header.Get("Authorization"))
	_, _ = io.WriteString(w, map[string]string{
		"/delivery/backend/pricing":  `{"pricing":1000}`,
		"/payment/backend/validate":  `{"ok":true}`,
		"/products/backend/validate": `{"message":"All products are valid"}`,
		"/users/backend/validate":    `{"ok":true}`,
		"/DynamoDB_20120810.PutItem": `{}`,
	}[r.URL.Path+r.Header.Get("X-Amz-Target")])
}

func TestHandlerCallsEveryPeerAndWritesToTheTable(t *testing.T) {
	p := &platform{calls: map[string]string{}}
	server := httptest.NewServer(p)
	defer server.Close()
	var output bytes.Buffer
	h, err := newHandler(variables(map[string]string{
		"DELIVERY_API_URL": server.URL + "/delivery", "PAYMENT_API_URL": server.URL + "/payment/",
		"PRODUCTS_API_URL": server.URL + "/products", "USERS_API_URL": server.URL + "/users",
		"AWS_ENDPOINT_URL": server.URL,
	}), &output, safehttp.NewTransport())
	require.NoError(t, err)

	event, err := json.Marshal(map[string]any{"userId": "ada", "order": ordertest.Request(ordertest.Sample())})
	require.NoError(t, err)
	response, err := h.Invoke(t.Context(), event)
	require.NoError(t, err)
	require.Contains(t, string(response), `"success":true`)

	require.Len(t, p.calls, 5)
	require.Contains(t, p.calls["/delivery/backend/pricing"], `"address"`)
	require.Contains(t, p.calls["/payment/backend/validate"], `"total":8448`)
	require.Contains(t, p.calls["/products/backend/validate"], `"products"`)
	require.Contains(t, p.calls["/users/backend/validate"], `"userId":"ada"`)
	require.Contains(t, p.calls["/DynamoDB_20120810.PutItem"], `"TableName":"orders-table"`)
	for _, authorization := range p.authorizations {
		require.Regexp(t, `^AWS4-HMAC-SHA256 Credential=key/\d{8}/eu-west-1/(execute-api|dynamodb)/`, authorization)
	}
	require.Contains(t, output.String(), `"message":"order created"`)
	require.Contains(t, output.String(), `"orderCreatedTotal":8448`)
	require.Contains(t, output.String(), `"environment":"test"`)
	require.NotContains(t, output.String(), "Ida Ember")
}

func TestExampleIsHandled(t *testing.T) {
	coldstarttest.RequireHandled(t, example(), func(transport http.RoundTripper) (lambda.Handler, error) {
		return newHandler(variables(nil), io.Discard, transport)
	}, `"statusCode":201`, 5)
}
