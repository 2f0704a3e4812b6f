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

	"github.com/stretchr/testify/require"

	"orders/internal/order/ordertest"
)

// variables is all that the function reads, with changes; an empty value is as good as none.
func variables(changes map[string]string) func(string) string {
	all := map[string]string{
		"LOG_LEVEL": "INFO", "ENVIRONMENT": "test", "TABLE_NAME": "orders-table",
		"DELIVERY_API_URL": "http://delivery", "PAYMENT_API_URL": "http://payment", "PRODUCTS_API_URL": "http://products", "USERS_API_URL": "http://users",
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
	}
	maps.Copy(all, changes)
	return func(name string) string { return all[name] }
}

func TestOneErrorNamesAllThatAreMissing(t *testing.T) {
	_, err := newHandler(func(string) string { return "" }, io.Discard)
	require.EqualError(t, err, "missing environment variables: LOG_LEVEL, ENVIRONMENT, TABLE_NAME, "+
		"DELIVERY_API_URL, PAYMENT_API_URL, PRODUCTS_API_URL, AWS_REGION")
}

func TestWhatCannotBeUsedIsNamed(t *testing.T) {
	for name, value := range map[string]string{
		"LOG_LEVEL": "LOUD", "AWS_ENDPOINT_URL_DYNAMODB": "8000", "AWS_XRAY_DAEMON_ADDRESS": "no address",
		"DELIVERY_API_URL": "delivery", "PAYMENT_API_URL": "ftp://payment", "PRODUCTS_API_URL": "http://", "USERS_API_URL": "http://u:p@users",
	} {
		_, err := newHandler(variables(map[string]string{name: value}), io.Discard)
		require.ErrorContains(t, err, name)
	}
}

func TestTheUsersCheckThatIsOffIsToldOnce(t *testing.T) {
	var output bytes.Buffer
	for _, level := range []string{"DEBUG", "INFO", "WARN", "ERROR"} {
		output.Reset()
		_, err := newHandler(variables(map[string]string{"USERS_API_URL": "", "LOG_LEVEL": level}), &output)
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(output.String(), "\n"), output.String())
		require.Contains(t, output.String(), `"message":"the users check is off: USERS_API_URL is empty"`)
	}

	output.Reset()
	_, err := newHandler(variables(nil), &output)
	require.NoError(t, err)
	require.Empty(t, output.String(), "the check is on")
}

// A platform is all neighbours, each below a path of its own, and the table. It agrees to every order.
type platform struct {
	mu    sync.Mutex
	calls map[string]string // the body by path, and by target for the table
	sign  []string          // the Authorization headers
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	p.calls[r.URL.Path+r.Header.Get("X-Amz-Target")] = string(body)
	p.sign = append(p.sign, r.Header.Get("Authorization"))
	_, _ = io.WriteString(w, map[string]string{
		"/delivery/backend/pricing":  `{"pricing":1000}`,
		"/payment/backend/validate":  `{"ok":true}`,
		"/products/backend/validate": `{"message":"All products are valid"}`,
		"/users/backend/validate":    `{"ok":true}`,
		"/DynamoDB_20120810.PutItem": `{}`,
	}[r.URL.Path+r.Header.Get("X-Amz-Target")])
}

func TestTheHandlerAsksEveryNeighbourAndWritesToTheTableThatIsSet(t *testing.T) {
	p := &platform{calls: map[string]string{}}
	server := httptest.NewServer(p)
	defer server.Close()
	var output bytes.Buffer
	h, err := newHandler(variables(map[string]string{
		"DELIVERY_API_URL": server.URL + "/delivery", "PAYMENT_API_URL": server.URL + "/payment/",
		"PRODUCTS_API_URL": server.URL + "/products", "USERS_API_URL": server.URL + "/users",
		"AWS_ENDPOINT_URL": server.URL,
	}), &output)
	require.NoError(t, err)

	event, err := json.Marshal(map[string]any{"userId": "ada", "order": ordertest.Request(ordertest.Sample())})
	require.NoError(t, err)
	answer, err := h.Invoke(t.Context(), event)
	require.NoError(t, err)
	require.Contains(t, string(answer), `"success":true`)

	require.Len(t, p.calls, 5)
	require.Contains(t, p.calls["/delivery/backend/pricing"], `"address"`)
	require.Contains(t, p.calls["/payment/backend/validate"], `"total":8448`)
	require.Contains(t, p.calls["/products/backend/validate"], `"products"`)
	require.Contains(t, p.calls["/users/backend/validate"], `"userId":"ada"`)
	require.Contains(t, p.calls["/DynamoDB_20120810.PutItem"], `"TableName":"orders-table"`)
	for _, authorization := range p.sign {
		require.Regexp(t, `^AWS4-HMAC-SHA256 Credential=key/\d{8}/eu-west-1/(execute-api|dynamodb)/`, authorization)
	}
	require.Contains(t, output.String(), `"message":"order created"`)
	require.Contains(t, output.String(), `"orderCreatedTotal":8448`)
	require.Contains(t, output.String(), `"environment":"test"`)
	require.NotContains(t, output.String(), "Ida Ember")
}
