package e2e

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
	"orders/internal/local/lambda"
)

// An httpAnswer is what a function answers to API Gateway.
type httpAnswer struct {
	StatusCode int
	Headers    map[string]string
	Body       string
}

// json is the body, which must be an object.
func (a httpAnswer) json(t *testing.T) map[string]any {
	t.Helper()
	var body map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.Body), &body))
	return body
}

// request is API Gateway's event of a signed-in user, or of a service if there is no user.
func request(method, resource, user string, edit ...func(*events.APIGatewayProxyRequest)) events.APIGatewayProxyRequest {
	r := events.APIGatewayProxyRequest{Resource: resource, Path: resource, HTTPMethod: method}
	r.RequestContext.RequestID = uuid.NewString()
	if user == "" {
		r.RequestContext.Identity.UserArn = "arn:aws:sts::000000000000:assumed-role/delivery/session"
	} else {
		r.RequestContext.Authorizer = map[string]any{"claims": map[string]string{"sub": user}}
	}
	for _, e := range edit {
		e(&r)
	}
	return r
}

// post is the event of POST /orders.
func post(t *testing.T, user string, order any) events.APIGatewayProxyRequest {
	body, err := json.Marshal(order)
	require.NoError(t, err)
	return request("POST", "/orders", user, func(r *events.APIGatewayProxyRequest) { r.Body = string(body) })
}

// get is the event of a GET for one order.
func get(resource, user, orderID string) events.APIGatewayProxyRequest {
	return request("GET", resource, user, func(r *events.APIGatewayProxyRequest) {
		r.PathParameters = map[string]string{"orderId": orderID}
	})
}

// report is EventBridge's event about an order.
func report(source, detailType, orderID string, detail map[string]any) map[string]any {
	return map[string]any{
		"version": "0", "id": uuid.NewString(), "source": source, "detail-type": detailType, "account": lambda.Account,
		"time": "2026-02-03T04:05:06Z", "region": lambdaruntime.Region, "resources": []string{orderID}, "detail": detail,
	}
}

// invoke runs a function on an event and returns its answer, or its failure, in whose text nothing may be secret.
func invoke(t *testing.T, f *lambdaruntime.Function, event any) ([]byte, error) {
	t.Helper()
	payload, err := json.Marshal(event)
	require.NoError(t, err)
	answer, err := f.Invoke(t.Context(), payload)
	var failure *lambda.FunctionError
	if err != nil {
		require.ErrorAs(t, err, &failure)
		require.NotContains(t, string(failure.Payload), secret)
	}
	return answer, err
}

// ask runs a function on an event of API Gateway's.
func ask(t *testing.T, f *lambdaruntime.Function, event events.APIGatewayProxyRequest) (a httpAnswer) {
	t.Helper()
	answer, err := invoke(t, f, event)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(answer, &a))
	return a
}

// announce runs table-update on records of the stream, and returns the sequence numbers of those to be sent again.
func announce(t *testing.T, f *lambdaruntime.Function, records []json.RawMessage) (failed []string) {
	t.Helper()
	answer, err := invoke(t, f, map[string]any{"Records": records})
	require.NoError(t, err)
	var batch events.DynamoDBEventResponse
	require.NoError(t, json.Unmarshal(answer, &batch))
	for _, failure := range batch.BatchItemFailures {
		failed = append(failed, failure.ItemIdentifier)
	}
	return failed
}
