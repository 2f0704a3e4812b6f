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
		"LOG_LEVEL": "INFO", "ENVIRONMENT": "test", "EVENT_BUS_NAME": "shop-bus", "DEAD_LETTER_QUEUE_URL": "http://localhost/1/dead",
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
	}
	maps.Copy(all, changes)
	return func(name string) string { return all[name] }
}

func TestOneErrorNamesAllMissingVariables(t *testing.T) {
	_, err := newHandler(func(string) string { return "" }, io.Discard, safehttp.NewTransport())
	require.EqualError(t, err, "missing environment variables: LOG_LEVEL, ENVIRONMENT, EVENT_BUS_NAME, DEAD_LETTER_QUEUE_URL, AWS_REGION")
}

func TestInvalidVariablesAreNamed(t *testing.T) {
	for name, value := range map[string]string{"LOG_LEVEL": "LOUD", "AWS_ENDPOINT_URL_EVENTBRIDGE": "8000", "AWS_XRAY_DAEMON_ADDRESS": "no address", "DEAD_LETTER_QUEUE_URL": "dead-letters"} {
		_, err := newHandler(variables(map[string]string{name: value}), io.Discard, safehttp.NewTransport())
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
	h, err := newHandler(variables(map[string]string{"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.URL}), &output, safehttp.NewTransport())
	require.NoError(t, err)

	response, err := h.Invoke(t.Context(), []byte(`{"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1",
		"Keys":{"orderId":{"S":"6f1d"}},"NewImage":{"orderId":{"S":"6f1d"},"total":{"N":"100"}}}}]}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"batchItemFailures":[]}`, string(response))
	require.Equal(t, "AWSEvents.PutEvents", target)
	require.Contains(t, body, `"EventBusName":"shop-bus"`)
	require.Contains(t, body, `\"total\":100`)
	require.Contains(t, output.String(), `"eventsPublished":1`)
	require.Contains(t, output.String(), `"environment":"test"`)
}

func TestHandlerSendsDeadLettersToTheQueue(t *testing.T) {
	var body string
	queue := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		body = string(text)
		_, _ = io.WriteString(w, `{"MessageId":"1"}`)
	}))
	defer queue.Close()
	var output bytes.Buffer
	h, err := newHandler(variables(map[string]string{"DEAD_LETTER_QUEUE_URL": queue.URL + "/1/dead"}), &output, safehttp.NewTransport())
	require.NoError(t, err)

	response, err := h.Invoke(t.Context(), []byte(`{"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"101"}}]}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"batchItemFailures":[]}`, string(response))
	require.Contains(t, body, `"QueueUrl":"`+queue.URL+`/1/dead"`)
	require.Contains(t, body, `\"startSequenceNumber\":\"101\"`)
	require.Contains(t, output.String(), `"message":"dead letter sent"`)
}

func TestExampleIsHandled(t *testing.T) {
	coldstarttest.RequireHandled(t, example(), func(transport http.RoundTripper) (lambda.Handler, error) {
		return newHandler(variables(nil), io.Discard, transport)
	}, `{"batchItemFailures":[]}`, 1)
}
