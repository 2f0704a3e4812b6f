package apigateway

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/local/lambda"
)

// A fakeHandler returns a fixed response and records the last event.
type fakeHandler struct {
	response string
	err      error
	event    events.APIGatewayProxyRequest
	raw      map[string]any
	calls    int
}

func (s *fakeHandler) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	s.calls++
	s.event, s.raw = events.APIGatewayProxyRequest{}, nil
	if err := errors.Join(json.Unmarshal(payload, &s.event), json.Unmarshal(payload, &s.raw)); err != nil {
		return nil, err
	}
	return []byte(s.response), s.err
}

// A fixture is a gateway in front of two fake handlers, with a user who is signed in.
type fixture struct {
	handler     http.Handler
	create, get *fakeHandler
	bearer      string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	tokens, err := NewTokenIssuer(nil)
	require.NoError(t, err)
	token, err := tokens.Issue("ada")
	require.NoError(t, err)
	f := &fixture{create: &fakeHandler{response: `{"statusCode":201}`}, get: &fakeHandler{response: `{"statusCode":200}`}, bearer: "Bearer " + token}
	mux := http.NewServeMux()
	(&Gateway{
		CreateOrder: &lambda.Function{Name: "create-order", Handler: f.create, Timeout: time.Minute}, // the machine may be busy
		GetOrder:    &lambda.Function{Name: "get-order", Handler: f.get, Timeout: time.Minute},
		Tokens:      tokens,
		Signatures:  Verifier{AccessKey: "local", SecretKey: "local", Region: "eu-west-1", Service: "execute-api"},
	}).Register(mux)
	f.handler = ExactPaths(mux)
	return f
}

// send sends a request of the signed-in user, with pairs of header names and values.
func (f *fixture) send(method, target string, body io.Reader, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, body)
	r.Header.Set("Authorization", f.bearer)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w
}

func requireMessage(t *testing.T, w *httptest.ResponseRecorder, status int, message string) {
	t.Helper()
	require.Equal(t, status, w.Code)
	require.JSONEq(t, fmt.Sprintf(`{"message":%q}`, message), w.Body.String())
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	requireCORS(t, w)
}

func requireCORS(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	for name, value := range handler.CORS() {
		require.Equal(t, value, w.Header().Get(name), name)
	}
}

func TestProxyEvent(t *testing.T) {
	f := newFixture(t)
	w := f.send("POST", "/orders?limit=1&limit=2&x=", strings.NewReader(`{"a":"<ö>"}`), "Content-Type", "application/json", "X-Note", "one", "X-Note", "two", "User-Agent", "test")
	require.Equal(t, http.StatusCreated, w.Code)

	e := f.create.event
	require.Equal(t, "/orders", e.Resource)
	require.Equal(t, "/orders", e.Path)
	require.Equal(t, "POST", e.HTTPMethod)
	require.Equal(t, `{"a":"<ö>"}`, e.Body)
	require.False(t, e.IsBase64Encoded)
	require.Equal(t, map[string]string{"limit": "2", "x": ""}, e.QueryStringParameters, "the last of many")
	require.Equal(t, map[string][]string{"limit": {"1", "2"}, "x": {""}}, e.MultiValueQueryStringParameters)
	require.Equal(t, "two", e.Headers["X-Note"])
	require.Equal(t, []string{"one", "two"}, e.MultiValueHeaders["X-Note"])
	who := e.RequestContext
	require.Equal(t, []string{"/orders", "POST", "/local/orders", "local"}, []string{who.ResourcePath, who.HTTPMethod, who.Path, who.Stage})
	require.Equal(t, []string{"127.0.0.1", "test", ""}, []string{who.Identity.SourceIP, who.Identity.UserAgent, who.Identity.UserArn})
	require.Len(t, who.RequestID, 36)
	require.Zero(t, f.get.calls)
}

func TestMissingPartsAreNullInAProxyEvent(t *testing.T) {
	f := newFixture(t)
	f.send("GET", "/orders", nil)
	for _, name := range []string{"queryStringParameters", "multiValueQueryStringParameters", "pathParameters"} {
		value, there := f.get.raw[name]
		require.True(t, there, name)
		require.Nil(t, value, name)
	}
}

func TestPathParameters(t *testing.T) {
	f := newFixture(t)
	f.send("GET", "/orders/6f1d0c3e%20x", nil)
	require.Equal(t, "/orders/{orderId}", f.get.event.Resource)
	require.Equal(t, map[string]string{"orderId": "6f1d0c3e x"}, f.get.event.PathParameters)
}

func TestClaimsAreStrings(t *testing.T) {
	f := newFixture(t)
	f.send("GET", "/orders", nil)
	claims, ok := f.get.event.RequestContext.Authorizer["claims"].(map[string]any)
	require.True(t, ok)
	require.Equal(t, "ada", claims["sub"])
	require.Regexp(t, `^\d{10}$`, claims["exp"])
	for name, value := range claims {
		require.IsType(t, "", value, name)
	}
	require.Equal(t, map[string]string{"n": "1769165629", "f": "1.5", "t": "x"}, asText(map[string]any{"n": 1769165629.0, "f": 1.5, "t": "x"}))
}

func TestBinaryBodyIsBase64Encoded(t *testing.T) {
	f := newFixture(t)
	body := []byte("{\"a\":\"\xff\x00\"}")
	f.send("POST", "/orders", bytes.NewReader(body))
	require.True(t, f.create.event.IsBase64Encoded)
	got, err := base64.StdEncoding.DecodeString(f.create.event.Body)
	require.NoError(t, err)
	require.Equal(t, body, got)
}

func TestBodyLimit(t *testing.T) {
	f := newFixture(t)
	w := f.send("POST", "/orders", strings.NewReader(strings.Repeat("a", maxBody)))
	require.Equal(t, http.StatusCreated, w.Code)
	require.Len(t, f.create.event.Body, maxBody)

	w = f.send("POST", "/orders", strings.NewReader(strings.Repeat("a", maxBody+1)))
	requireMessage(t, w, http.StatusRequestEntityTooLarge, "Request too large")
	require.Equal(t, 1, f.create.calls)
}

// brokenBody is a body whose sender disconnects.
type brokenBody struct{ err error }

func (b brokenBody) Read([]byte) (int, error) { return 0, b.err }

func TestIncompleteBody(t *testing.T) {
	f := newFixture(t)
	requireMessage(t, f.send("POST", "/orders", brokenBody{io.ErrUnexpectedEOF}), http.StatusBadRequest, "Bad Request")
	requireMessage(t, f.send("POST", "/orders", brokenBody{os.ErrDeadlineExceeded}), http.StatusRequestTimeout, "Request Timeout")
	require.Zero(t, f.create.calls)
}

func TestProxyResponse(t *testing.T) {
	f := newFixture(t)
	f.create.response = `{"statusCode":201,"headers":{"Location":"/orders/1","Content-Type":"application/json"},"body":"{\"a\":\"<ö>\"}"}`
	w := f.send("POST", "/orders", nil)
	require.Equal(t, http.StatusCreated, w.Code)
	require.Equal(t, `{"a":"<ö>"}`, w.Body.String())
	require.Equal(t, "/orders/1", w.Header().Get("Location"))
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
}

func TestFunctionErrorsAndInvalidResponses(t *testing.T) {
	f := newFixture(t)
	for name, s := range map[string]fakeHandler{
		"an error":             {err: errors.New("s3cret")},
		"nothing":              {response: ``},
		"null":                 {response: `null`},
		"no JSON":              {response: `<html>s3cret`},
		"a string":             {response: `"s3cret"`},
		"no status":            {response: `{"body":"s3cret"}`},
		"a status as a string": {response: `{"statusCode":"200","body":"s3cret"}`},
		"an interim status":    {response: `{"statusCode":101}`},
		"a status beyond HTTP": {response: `{"statusCode":1000}`},
		"a body of an object":  {response: `{"statusCode":200,"body":{"a":1}}`},
	} {
		t.Run(name, func(t *testing.T) {
			f.create.response, f.create.err = s.response, s.err
			requireMessage(t, f.send("POST", "/orders", nil), http.StatusBadGateway, "Internal server error")
		})
	}
}
