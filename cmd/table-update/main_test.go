package main

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// variables returns the function's environment, with changes; an empty value counts as missing.
func variables(changes map[string]string) func(string) string {
	all := map[string]string{
		"LOG_LEVEL": "INFO", "EVENT_BUS_NAME": "shop-bus",
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
	}
	maps.Copy(all, changes)
	return func(name string) string { return all[name] }
}

func TestOneErrorNamesAllMissingVariables(t *testing.T) {
	_, err := newHandler(func(string) string { return "" }, io.Discard)
	require.EqualError(t, err, "missing environment variables: LOG_LEVEL, EVENT_BUS_NAME, AWS_REGION")
}

func TestInvalidVariablesAreNamed(t *testing.T) {
	for name, value := range map[string]string{"LOG_LEVEL": "LOUD", "AWS_ENDPOINT_URL_EVENTBRIDGE": "8000", "AWS_XRAY_DAEMON_ADDRESS": "no address"} {
		_, err := newHandler(variables(map[string]string{name: value}), io.Discard)
		require.ErrorContains(t, err, name)
	}
}

func TestHandlerPublishesToTheBus(t *testing.T) {
	var target, body string
	bus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		target, body = r.Header.Get("X-Amz-Target"), string(text)
		_, _ = io.WriteString(w, `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`)
	}))
	defer bus.Close()
	var output bytes.Buffer
	h, err := newHandler(variables(map[string]string{"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.URL}), &output)
	require.NoError(t, err)

	response, err := h.Invoke(t.Context(), []byte(`{"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1",
		"Keys":{"orderId":{"S":"6f1d"}},"NewImage":{"orderId":{"S":"6f1d"},"total":{"N":"100"}}}}]}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"batchItemFailures":[]}`, string(response))
	require.Equal(t, "AWSEvents.PutEvents", target)
	require.Contains(t, body, `"EventBusName":"shop-bus"`)
	require.Contains(t, body, `\"total\":100`)
	require.Empty(t, output.String())
}
