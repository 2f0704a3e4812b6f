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

func TestHandlerReadsTheTable(t *testing.T) {
	var target, body string
	table := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		target, body = r.Header.Get("X-Amz-Target"), string(text)
		_, _ = io.WriteString(w, `{}`) // no such order
	}))
	defer table.Close()
	var output bytes.Buffer
	h, err := newHandler(variables(map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": table.URL}), &output, safehttp.NewTransport())
	require.NoError(t, err)
	require.Empty(t, output.String())

	response, err := h.Invoke(t.Context(), []byte(`{"resource":"/backend/{orderId}","httpMethod":"GET",
		"pathParameters":{"orderId":"6f1d0c3e-52a4-4b0e-9c57-0d8f6f1b7a21"},"requestContext":{"identity":{"userArn":"arn:aws:iam::1:user/u"}}}`))
	require.NoError(t, err)
	require.Contains(t, string(response), `"statusCode":404`)
	require.Equal(t, "DynamoDB_20120810.GetItem", target)
	require.Contains(t, body, `"TableName":"orders-table"`)
	require.Contains(t, output.String(), `"message":"request rejected"`)
}

func TestExampleIsHandled(t *testing.T) {
	coldstarttest.RequireHandled(t, example(), func(transport http.RoundTripper) (lambda.Handler, error) {
		return newHandler(variables(nil), io.Discard, transport)
	}, `"statusCode":200`, 1)
}
