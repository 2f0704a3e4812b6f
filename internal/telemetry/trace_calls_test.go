package telemetry

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-xray-sdk-go/v2/strategy/ctxmissing"
	"github.com/aws/aws-xray-sdk-go/v2/xray"
	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

const traceHeader = "X-Amzn-Trace-Id"

// respond starts a server with a fixed response. It returns the trace header of the last request.
func respond(t *testing.T, status int, body string) (server *httptest.Server, header *string) {
	header = new(string)
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*header = r.Header.Get(traceHeader)
		w.Header().Set("X-Amzn-Requestid", "aws-request-1")
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server, header
}

func TestTransportAddsASubsegmentAndPropagatesTheTrace(t *testing.T) {
	for status, want := range map[int]struct{ err, fault bool }{200: {}, 404: {err: true}, 503: {fault: true}} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			daemon, tracer := startTracing(t)
			server, header := respond(t, status, "tok_response")
			transport := tracer.Transport(server.Client().Transport)

			target := strings.Replace(server.URL, "http://", "http://user:tok_password@", 1) + "/backend/validate?q=tok_query#tok_fragment"
			request, err := http.NewRequestWithContext(traced(t), http.MethodPost, target, strings.NewReader("tok_request"))
			require.NoError(t, err)
			response, err := transport.RoundTrip(request) // a client would clone it
			require.NoError(t, err)
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, "tok_response", string(body))
			require.Empty(t, request.Header.Get(traceHeader), "the caller's request does not change")

			got := daemon.receive(t)
			require.Equal(t, "Root="+traceID+";Parent="+got.ID+";Sampled=1;Lineage="+lineage, *header)
			require.Equal(t, strings.TrimPrefix(server.URL, "http://"), got.Name)
			require.Equal(t, "remote", got.Namespace)
			require.Equal(t, traceID, got.TraceID)
			require.Equal(t, parentID, got.ParentID)
			require.Equal(t, http.MethodPost, got.HTTP.Request.Method)
			require.Equal(t, server.URL+"/backend/validate", got.HTTP.Request.URL)
			require.Equal(t, status, got.HTTP.Response.Status)
			require.Equal(t, want.err, got.Error)
			require.Equal(t, want.fault, got.Fault)
			require.NotContains(t, got.text, "tok_")
			daemon.requireDrained(t)
		})
	}
}

func TestTransportRecordsFailures(t *testing.T) {
	for name, test := range map[string]struct {
		failure error
		want    string
	}{
		"network":         {&net.OpError{Op: "dial", Err: errors.New("no connection")}, "dial: no connection"},
		"context":         {context.DeadlineExceeded, "context deadline exceeded"},
		"truncated":       {io.ErrUnexpectedEOF, "unexpected EOF"},
		"quotes the peer": {errors.New(`malformed HTTP status code "tok_echo"`), "malformed HTTP response"},
	} {
		t.Run(name, func(t *testing.T) {
			daemon, tracer := startTracing(t)
			client := &http.Client{Transport: tracer.Transport(roundTrip(func(*http.Request) (*http.Response, error) {
				return nil, test.failure
			}))}
			err := tracer.Capture(traced(t), "checks", func(ctx context.Context) error {
				request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://peer/?q=tok_query", nil)
				require.NoError(t, err)
				_, err = client.Do(request)
				return err
			})
			require.ErrorIs(t, err, test.failure)

			got := daemon.receive(t)
			require.Equal(t, test.want, got.Cause.Exceptions[0].Message)
			require.Len(t, got.Subsegments, 1)
			require.True(t, got.Subsegments[0].Fault)
			require.Equal(t, test.want, got.Subsegments[0].Cause.Exceptions[0].Message)
			require.NotContains(t, got.text, "tok_")
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTransportWithoutATrace(t *testing.T) {
	daemon, tracer := startTracing(t)
	server, header := respond(t, http.StatusOK, "")
	client := &http.Client{Transport: tracer.Transport(server.Client().Transport)}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	response, err := client.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Empty(t, *header)
	daemon.requireDrained(t)
}

// table returns a client of a DynamoDB with a fixed response.
func table(t *testing.T, tracer Tracer, status int, body string) (*dynamodb.Client, *string) {
	server, header := respond(t, status, body)
	cfg := aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(server.URL),
		HTTPClient:   server.Client(),
		Credentials:  credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}
	tracer.InstrumentAWS(&cfg)
	return dynamodb.NewFromConfig(cfg), header
}

func put(ctx context.Context, client *dynamodb.Client) error {
	_, err := client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: aws.String("orders"),
		Item:      map[string]types.AttributeValue{"paymentToken": &types.AttributeValueMemberS{Value: "tok_item"}},
	})
	return err
}

func TestAWSCallsAreSubsegments(t *testing.T) {
	daemon, tracer := startTracing(t)
	client, header := table(t, tracer, http.StatusOK, "{}")
	require.NoError(t, put(traced(t), client))

	got := daemon.receive(t)
	require.Equal(t, "DynamoDB", got.Name)
	require.Equal(t, "aws", got.Namespace)
	require.Equal(t, traceID, got.TraceID)
	require.Equal(t, parentID, got.ParentID)
	require.Equal(t, map[string]any{
		"operation": "PutItem", "region": "eu-west-1", "request_id": "aws-request-1",
	}, got.AWS)
	require.Equal(t, http.StatusOK, got.HTTP.Response.Status)
	require.Equal(t, "Root="+traceID+";Parent="+got.ID+";Sampled=1;Lineage="+lineage, *header)
	require.NotContains(t, got.text, "tok_")
	daemon.requireDrained(t)
}

func TestAWSCallsNest(t *testing.T) {
	daemon, tracer := startTracing(t)
	client, _ := table(t, tracer, http.StatusOK, "{}")
	require.NoError(t, tracer.Capture(traced(t), "store order", func(ctx context.Context) error { return put(ctx, client) }))

	got := daemon.receive(t)
	require.Equal(t, "store order", got.Name)
	require.Len(t, got.Subsegments, 1)
	require.Equal(t, "DynamoDB", got.Subsegments[0].Name)
	daemon.requireDrained(t)
}

func TestAWSErrorsAreReducedToTheirCode(t *testing.T) {
	daemon, tracer := startTracing(t)
	client, _ := table(t, tracer, http.StatusBadRequest,
		`{"__type": "com.amazonaws.dynamodb.v20120810#ValidationException", "message": "bad value tok_item"}`)
	require.ErrorContains(t, put(traced(t), client), "ValidationException")

	got := daemon.receive(t)
	require.True(t, got.Fault)
	require.Equal(t, "ValidationException", got.Cause.Exceptions[0].Message)
	require.NotContains(t, got.text, "tok_")
}

// Even if the SDK is configured to panic without a trace.
func TestAWSCallsWithoutATrace(t *testing.T) {
	require.NoError(t, xray.Configure(xray.Config{ContextMissingStrategy: ctxmissing.NewDefaultRuntimeErrorStrategy()}))
	t.Cleanup(func() {
		require.NoError(t, xray.Configure(xray.Config{ContextMissingStrategy: ctxmissing.NewDefaultLogErrorStrategy()}))
	})
	daemon, tracer := startTracing(t)
	client, header := table(t, tracer, http.StatusOK, "{}")
	require.NoError(t, put(t.Context(), client))
	require.Empty(t, *header)
	require.NoError(t, put(withHeader(t.Context(), "Root="+traceID+";Parent="+parentID+";Sampled=0"), client))
	require.Contains(t, *header, "Root="+traceID)
	require.Contains(t, *header, "Sampled=0")
	daemon.requireDrained(t)
}

func TestWithoutTracingClientsAreUnchanged(t *testing.T) {
	base := roundTrip(nil)
	require.IsType(t, base, Tracer{}.Transport(base))
	var cfg aws.Config
	Tracer{}.InstrumentAWS(&cfg)
	require.Empty(t, cfg.APIOptions)
}

// A peer is a checker with a fixed result.
type peer struct{ result error }

func (peer) Peer() string                               { return "products" }
func (p peer) Check(context.Context, order.Order) error { return p.result }

type handlerFunc func(ctx context.Context) ([]byte, error)

func (f handlerFunc) Invoke(ctx context.Context, _ []byte) ([]byte, error) { return f(ctx) }

func TestInvocationsAreSentInOneDatagram(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		fault bool
	}{"succeeded": {nil, false}, "failed": {errors.New("no time left"), true}} {
		t.Run(name, func(t *testing.T) {
			daemon, tracer := startTracing(t)
			client, _ := table(t, tracer, http.StatusOK, "{}")
			h := tracer.Handler("create-order", handlerFunc(func(ctx context.Context) ([]byte, error) {
				require.NoError(t, put(ctx, client))
				require.NoError(t, put(ctx, client))
				return []byte("response"), c.err
			}))
			response, err := h.Invoke(traced(t), nil)
			require.Equal(t, c.err, err)
			require.Equal(t, "response", string(response))
			got := daemon.receive(t)
			require.Equal(t, "create-order", got.Name)
			require.Equal(t, c.fault, got.Fault)
			require.Len(t, got.Subsegments, 2)
			daemon.requireDrained(t)
		})
	}
	h := handlerFunc(func(context.Context) ([]byte, error) { return nil, nil })
	require.IsType(t, h, Tracer{}.Handler("create-order", h), "without tracing, the handler is unchanged")
}

func TestChecksAreSubsegments(t *testing.T) {
	rejected := &order.Error{Kind: order.Rejected, Message: "tok_quoted"}
	failed := &order.Error{Kind: order.CheckFailed, Message: "Failure to contact the products service", Err: errors.New("timed out")}
	for name, c := range map[string]struct {
		result error
		fault  bool
	}{"accepted": {nil, false}, "rejected": {rejected, false}, "failed": {failed, true}} {
		t.Run(name, func(t *testing.T) {
			daemon, tracer := startTracing(t)
			traced := order.ContextWithOrderID(traced(t), "o-1")
			err := tracer.Checkers([]order.Checker{peer{c.result}})[0].Check(traced, order.Order{})
			require.Equal(t, c.result, err)
			got := daemon.receive(t)
			require.Equal(t, "check products", got.Name)
			require.Equal(t, c.fault, got.Fault)
			require.Equal(t, map[string]any{"orderId": "o-1"}, got.Annotations)
			require.NotContains(t, got.text, "tok_")
		})
	}
}

func TestCallsAreAnnotatedWithTheOrderID(t *testing.T) {
	daemon, tracer := startTracing(t)
	ctx := order.ContextWithOrderID(traced(t), "o-1")

	client, _ := table(t, tracer, http.StatusOK, "{}")
	require.NoError(t, put(ctx, client))
	require.Equal(t, map[string]any{"orderId": "o-1"}, daemon.receive(t).Annotations)

	server, _ := respond(t, http.StatusOK, "{}")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	response, err := tracer.Transport(server.Client().Transport).RoundTrip(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, map[string]any{"orderId": "o-1"}, daemon.receive(t).Annotations)
}

func TestWithoutTracingCheckersAreUnchanged(t *testing.T) {
	checkers := []order.Checker{peer{}}
	require.Equal(t, checkers, Tracer{}.Checkers(checkers))
}
