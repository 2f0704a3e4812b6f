package awsapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"orders/internal/local/awsapi"
	"orders/internal/local/lambda"
)

var (
	started  = time.Date(2026, 1, 23, 10, 53, 49, 131_000_000, time.UTC)
	received = time.Date(2026, 1, 23, 11, 0, 0, 0, time.UTC)
	local    = aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("local", "local", ""))
)

// A bus records entries, and fails for those of one source.
type bus struct {
	mu      sync.Mutex
	fails   string
	entries []awsapi.Entry
}

func (b *bus) Put(entry awsapi.Entry) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if entry.Source == b.fails {
		return "", errors.New("the disk of somebody's laptop is full")
	}
	b.entries = append(b.entries, entry)
	return fmt.Sprintf("event-%d", len(b.entries)), nil
}

type handler func(ctx context.Context, payload []byte) ([]byte, error)

func (h handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) { return h(ctx, payload) }

func functions() map[string]*lambda.Function {
	echo := handler(func(_ context.Context, payload []byte) ([]byte, error) { return payload, nil })
	fail := handler(func(context.Context, []byte) ([]byte, error) { return nil, errors.New("no luck") })
	return map[string]*lambda.Function{
		"echo": {Name: "echo", Handler: echo, Region: "eu-west-1"},
		"fail": {Name: "fail", Handler: fail, Region: "eu-west-1"},
	}
}

func newEndpoints() (*awsapi.Endpoints, *bus) {
	events := &bus{}
	return &awsapi.Endpoints{
		Region:    "eu-west-1",
		Functions: functions(),
		Async:     func(*lambda.Function, []byte) {},
		Events:    events,
		Logs:      func(requestID string) []byte { return []byte("log of " + requestID + "\n") },
		Started:   started,
		Now:       func() time.Time { return received },
	}, events
}

func serve(t *testing.T, e *awsapi.Endpoints) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(e.Route(http.NotFoundHandler()))
	t.Cleanup(server.Close)
	return server
}

func requireAPIError(t *testing.T, err error, code string) {
	t.Helper()
	known, ok := errors.AsType[smithy.APIError](err)
	require.True(t, ok, "%v is not an error of the service", err)
	require.Equal(t, code, known.ErrorCode())
}

// authorization is a well-formed Authorization header for a service.
func authorization(service string) string {
	return "AWS4-HMAC-SHA256 Credential=any/20260123/eu-west-1/" + service + "/aws4_request, " +
		"SignedHeaders=host;x-amz-date, Signature=" + strings.Repeat("0", 64)
}

// send sends a request that no SDK sends, with pairs of header names and values. What is not a
// request of an AWS client gets a 404.
func send(t *testing.T, e *awsapi.Endpoints, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	e.Route(http.NotFoundHandler()).ServeHTTP(recorder, request)
	return recorder
}

// post sends a signed request of the JSON protocol, and returns status and body.
func post(t *testing.T, e *awsapi.Endpoints, target, body string) (int, string) {
	t.Helper()
	recorder := send(t, e, http.MethodPost, "/", body, "X-Amz-Target", target, "Authorization", authorization("events"))
	return recorder.Code, recorder.Body.String()
}

const supported = " is not supported here. Supported operations: Lambda.Invoke, AWSEvents.PutEvents, " +
	"AmazonSSM.GetParameter, AmazonSSM.GetParameters, AmazonSSM.GetParametersByPath, Logs_20140328.GetQueryResults, Logs_20140328.StartQuery."

func TestUnsupportedOperations(t *testing.T) {
	e, _ := newEndpoints()
	for _, target := range []string{"AWSEvents.PutRule", "AmazonSSM.PutParameter", "PutEvents", "AmazonSQS.SendMessage"} {
		status, body := post(t, e, target, "{}")
		require.Equal(t, http.StatusBadRequest, status)
		require.JSONEq(t, `{"__type":"UnknownOperationException","message":"`+target+supported+`"}`, body)
	}
	status, body := post(t, e, "", "{}")
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, body, `"message":"An operation without X-Amz-Target`+supported)
}

// Every SDK finds the code and the list in the error of its service's protocol.
func TestUnsupportedOperationsInEveryProtocol(t *testing.T) {
	e, _ := newEndpoints()
	url := aws.String(serve(t, e).URL)
	for protocol, call := range map[string]func() error{
		"JSON 1.0, DynamoDB": func() error {
			_, err := dynamodb.New(dynamodb.Options{Region: "eu-west-1", BaseEndpoint: url, Credentials: local}).
				ListTables(t.Context(), &dynamodb.ListTablesInput{})
			return err
		},
		"JSON 1.1, EventBridge": func() error {
			_, err := eventbridge.New(eventbridge.Options{Region: "eu-west-1", BaseEndpoint: url, Credentials: local}).
				ListRules(t.Context(), &eventbridge.ListRulesInput{})
			return err
		},
		"REST JSON, Lambda": func() error {
			_, err := lambdaClient(t, e).ListFunctions(t.Context(), &awslambda.ListFunctionsInput{})
			return err
		},
	} {
		err := call()
		requireAPIError(t, err, "UnknownOperationException")
		require.ErrorContains(t, err, supported, protocol)
	}
	const form = "application/x-www-form-urlencoded; charset=utf-8"
	sts := send(t, e, http.MethodPost, "/", "Action=GetCallerIdentity", "Content-Type", form, "Authorization", authorization("sts"))
	require.Equal(t, http.StatusBadRequest, sts.Code)
	require.Equal(t, "text/xml", sts.Header().Get("Content-Type"))
	require.Contains(t, sts.Body.String(), "<ErrorResponse><Error><Type>Sender</Type><Code>UnknownOperationException</Code><Message>")
	require.Contains(t, sts.Body.String(), supported)
	s3 := send(t, e, http.MethodGet, "/", "", "Authorization", authorization("s3"))
	require.Contains(t, s3.Body.String(), "<Error><Code>UnknownOperationException</Code><Message>GET /"+supported)
}

func TestRequestsMustBeSigned(t *testing.T) {
	e, events := newEndpoints()
	e.Functions["echo"].Handler = handler(func(context.Context, []byte) ([]byte, error) {
		t.Error("invoked")
		return nil, nil
	})
	const entries = `{"Entries":[{"Source":"s","DetailType":"d","Detail":"{}"}]}`
	for header, code := range map[string]string{
		"":                                      "MissingAuthenticationTokenException",
		"Bearer x.y.z":                          "IncompleteSignatureException",
		"AWS4-HMAC-SHA256":                      "IncompleteSignatureException",
		authorization("events") + ", Other=x":   "IncompleteSignatureException",
		authorization(""):                       "IncompleteSignatureException",
		"Basic " + authorization("lambda")[17:]: "IncompleteSignatureException",
		authorization("execute-api"):            "InvalidSignatureException",
	} {
		// A website can send a POST of this type without asking first.
		put := send(t, e, http.MethodPost, "/", entries, "Content-Type", "text/plain", "X-Amz-Target", "AWSEvents.PutEvents", "Authorization", header)
		require.Equal(t, http.StatusForbidden, put.Code, header)
		require.Contains(t, put.Body.String(), `"__type":"`+code+`"`, header)
		invoke := send(t, e, http.MethodPost, "/2015-03-31/functions/echo/invocations", "{}", "Content-Type", "text/plain", "Authorization", header)
		require.Equal(t, http.StatusForbidden, invoke.Code, header)
		require.Equal(t, code, invoke.Header().Get("X-Amzn-Errortype"), header)
	}
	require.Empty(t, events.entries)
}

func TestOtherRequestsArePassedOn(t *testing.T) {
	e, _ := newEndpoints()
	for _, path := range []string{"/orders", "/backend/1", "/_local/events", "/20-01-01/x"} {
		for _, header := range []string{"", "Bearer x.y.z", authorization("execute-api"), authorization("s3")} {
			require.Equal(t, http.StatusNotFound, send(t, e, http.MethodGet, path, "", "Authorization", header).Code, path)
		}
	}
	require.Equal(t, http.StatusNotFound, send(t, e, http.MethodGet, "/", "").Code)
}

func TestBodyLimit(t *testing.T) {
	e, events := newEndpoints()
	status, body := post(t, e, "AWSEvents.PutEvents", strings.Repeat(" ", 8<<20+1))
	require.Equal(t, http.StatusRequestEntityTooLarge, status)
	require.Contains(t, body, "RequestEntityTooLargeException")
	require.Empty(t, events.entries)
}

func TestInvalidInput(t *testing.T) {
	e, events := newEndpoints()
	for _, body := range []string{"", "[]", "{", `{"Entries":{}}`, `{"Entries":[{"Time":"yesterday"}]}`, `{"Entries":[{"Time":-1}]}`,
		`{"Entries":[{"Time":1e300}]}`, `{"Entries":[{"Detail":{}}]}`} {
		status, response := post(t, e, "AWSEvents.PutEvents", body)
		require.Equal(t, http.StatusBadRequest, status, body)
		require.Contains(t, response, "SerializationException", body)
	}
	require.Empty(t, events.entries)
}
