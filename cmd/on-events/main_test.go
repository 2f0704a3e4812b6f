package main

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/stretchr/testify/require"

	"orders/internal/coldstart/coldstarttest"
	"orders/internal/safehttp"
)

// variables returns the function's environment, with changes; an empty value counts as missing.
func variables(changes map[string]string) func(string) string {
	all := map[string]string{
		"LOG_LEVEL": "INFO", "ENVIRONMENT": "test", "TABLE_NAME": "orders-table",
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
	}
	maps.Copy(all, changes)
	return func(name string) string { return all[name] }
}

func TestOneErrorNamesAllMissingVariables(t *testing.T) {
	_, err := newHandler(func(string) string { return "" }, io.Discard, safehttp.NewTransport())
	require.EqualError(t, err, "missing environment variables: LOG_LEVEL, ENVIRONMENT, TABLE_NAME, AWS_REGION")
}

func TestInvalidVariablesAreNamed(t *testing.T) {
	for name, value := range map[string]string{"LOG_LEVEL": "LOUD", "AWS_ENDPOINT_URL_DYNAMODB": "8000", "AWS_XRAY_DAEMON_ADDRESS": "no address"} {
		_, err := newHandler(variables(map[string]string{name: value}), io.Discard, safehttp.NewTransport())
		require.ErrorContains(t, err, name)
	}
}

const (
	delivered = `{"id":"1","source":"ecommerce.delivery","detail-type":"DeliveryCompleted","resources":["6f1d0c3e-52a4-4b0e-9c57-0d8f6f1b7a21"],"detail":{}}`
	packaged  = `{"Item":{"orderId":{"S":"6f1d0c3e-52a4-4b0e-9c57-0d8f6f1b7a21"},"status":{"S":"PACKAGED"},"products":{"L":[]},
		"deliveryPrice":{"N":"0"},"total":{"N":"0"},"modifiedDate":{"S":"2026-01-23T10:53:49.131052Z"}}}`
)

func TestHandlerWritesToTheTable(t *testing.T) {
	var calls []string
	var written string
	table := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		calls, written = append(calls, r.Header.Get("X-Amz-Target")), string(text)
		_, _ = io.WriteString(w, map[bool]string{true: packaged, false: `{}`}[len(calls) == 1])
	}))
	defer table.Close()
	var output bytes.Buffer
	h, err := newHandler(variables(map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": table.URL}), &output, safehttp.NewTransport())
	require.NoError(t, err)
	require.Empty(t, output.String())

	_, err = h.Invoke(t.Context(), []byte(delivered))
	require.NoError(t, err)
	require.Equal(t, []string{"DynamoDB_20120810.GetItem", "DynamoDB_20120810.UpdateItem"}, calls)
	require.Contains(t, written, `"TableName":"orders-table"`)
	require.Contains(t, written, "FULFILLED")
	require.Contains(t, output.String(), `"message":"fulfilment update applied"`)
	require.Contains(t, output.String(), `"orderFulfilled":1`)
	require.Contains(t, output.String(), `"environment":"test"`)
}

func TestExampleIsHandled(t *testing.T) {
	coldstarttest.RequireHandled(t, example(), func(transport http.RoundTripper) (lambda.Handler, error) {
		return newHandler(variables(nil), io.Discard, transport)
	}, `{"batchItemFailures":[]}`, 2)
}
