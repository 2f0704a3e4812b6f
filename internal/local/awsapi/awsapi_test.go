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
		Started:   started,
		Now:       func() time.Time { return received },
	}, events
}

func serve(t *testing.T, e *awsapi.Endpoints) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	e.Register(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func requireAPIError(t *testing.T, err error, code string) {
	t.Helper()
	known, ok := errors.AsType[smithy.APIError](err)
	require.True(t, ok, "%v is not an error of the service", err)
	require.Equal(t, code, known.ErrorCode())
}

// post sends a request that no SDK sends, and returns status and body.
func post(t *testing.T, e *awsapi.Endpoints, path, target, body string) (int, string) {
	t.Helper()
	mux := http.NewServeMux()
	e.Register(mux)
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	request.Header.Set("X-Amz-Target", target)
	recorder := httptest.NewRecorder()
	mux.ServeHTTP(recorder, request)
	return recorder.Code, recorder.Body.String()
}

func TestUnknownTargets(t *testing.T) {
	e, _ := newEndpoints()
	for _, target := range []string{"", "AWSEvents.PutRule", "AmazonSSM.PutParameter", "PutEvents"} {
		status, body := post(t, e, "/", target, "{}")
		require.Equal(t, http.StatusBadRequest, status)
		require.Contains(t, body, `"__type":"UnknownOperationException"`)
	}
}

func TestOtherPaths(t *testing.T) {
	e, _ := newEndpoints()
	for _, path := range []string{"/orders", "/2015-03-31/functions/echo", "/2015-03-31/functions/a/b/invocations"} {
		status, _ := post(t, e, path, "", "{}")
		require.Equal(t, http.StatusNotFound, status, path)
	}
}

func TestBodyLimit(t *testing.T) {
	e, events := newEndpoints()
	status, body := post(t, e, "/", "AWSEvents.PutEvents", strings.Repeat(" ", 8<<20+1))
	require.Equal(t, http.StatusRequestEntityTooLarge, status)
	require.Contains(t, body, "RequestEntityTooLargeException")
	require.Empty(t, events.entries)
}

func TestInvalidInput(t *testing.T) {
	e, events := newEndpoints()
	for _, body := range []string{"", "[]", "{", `{"Entries":{}}`, `{"Entries":[{"Time":"yesterday"}]}`, `{"Entries":[{"Time":-1}]}`,
		`{"Entries":[{"Time":1e300}]}`, `{"Entries":[{"Detail":{}}]}`} {
		status, response := post(t, e, "/", "AWSEvents.PutEvents", body)
		require.Equal(t, http.StatusBadRequest, status, body)
		require.Contains(t, response, "SerializationException", body)
	}
	require.Empty(t, events.entries)
}
