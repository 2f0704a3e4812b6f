package local

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
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/local/function"
	"orders/internal/local/sigv4"
	"orders/internal/local/token"
)

// A spy is a function that answers what it is told to, and remembers the last event.
type spy struct {
	answer string
	err    error
	event  events.APIGatewayProxyRequest
	raw    map[string]any
	asked  int
}

func (s *spy) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	s.asked++
	s.event, s.raw = events.APIGatewayProxyRequest{}, nil
	if err := errors.Join(json.Unmarshal(payload, &s.event), json.Unmarshal(payload, &s.raw)); err != nil {
		return nil, err
	}
	return []byte(s.answer), s.err
}

// A front is a gateway before two spies, with a user who is signed in.
type front struct {
	handler     http.Handler
	create, get *spy
	bearer      string
}

func newFront(t *testing.T) *front {
	t.Helper()
	tokens, err := token.NewIssuer(nil)
	require.NoError(t, err)
	text, err := tokens.Issue("ada")
	require.NoError(t, err)
	f := &front{create: &spy{answer: `{"statusCode":201}`}, get: &spy{answer: `{"statusCode":200}`}, bearer: "Bearer " + text}
	mux := http.NewServeMux()
	(&gateway{
		create:     &function.Function{Name: "create-order", Handler: f.create, Timeout: time.Minute}, // machines may be busy
		get:        &function.Function{Name: "get-order", Handler: f.get, Timeout: time.Minute},
		tokens:     tokens,
		signatures: sigv4.Verifier{AccessKey: accessKey, SecretKey: secretKey, Region: "eu-west-1", Service: "execute-api"},
	}).register(mux)
	f.handler = exactPaths(mux)
	return f
}

// send is a request by the signed-in user, with pairs of header names and values.
func (f *front) send(method, target string, body io.Reader, headers ...string) *httptest.ResponseRecorder {
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

func TestARequestBecomesAProxyEvent(t *testing.T) {
	f := newFront(t)
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
	require.Zero(t, f.get.asked)
}

func TestWhatARequestLacksIsNullAsInARealEvent(t *testing.T) {
	f := newFront(t)
	f.send("GET", "/orders", nil)
	for _, name := range []string{"queryStringParameters", "multiValueQueryStringParameters", "pathParameters"} {
		value, there := f.get.raw[name]
		require.True(t, there, name)
		require.Nil(t, value, name)
	}
}

func TestPathParameters(t *testing.T) {
	f := newFront(t)
	f.send("GET", "/orders/6f1d0c3e%20x", nil)
	require.Equal(t, "/orders/{orderId}", f.get.event.Resource)
	require.Equal(t, map[string]string{"orderId": "6f1d0c3e x"}, f.get.event.PathParameters)
}

func TestClaimsAreTexts(t *testing.T) {
	f := newFront(t)
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

func TestABodyThatIsNoTextIsBase64(t *testing.T) {
	f := newFront(t)
	body := []byte("{\"a\":\"\xff\x00\"}")
	f.send("POST", "/orders", bytes.NewReader(body))
	require.True(t, f.create.event.IsBase64Encoded)
	got, err := base64.StdEncoding.DecodeString(f.create.event.Body)
	require.NoError(t, err)
	require.Equal(t, body, got)
}

func TestBodiesUpToTenMebibytes(t *testing.T) {
	f := newFront(t)
	w := f.send("POST", "/orders", strings.NewReader(strings.Repeat("a", maxBody)))
	require.Equal(t, http.StatusCreated, w.Code)
	require.Len(t, f.create.event.Body, maxBody)

	w = f.send("POST", "/orders", strings.NewReader(strings.Repeat("a", maxBody+1)))
	requireMessage(t, w, http.StatusRequestEntityTooLarge, "Request too large")
	require.Equal(t, 1, f.create.asked)
}

// broken is a body whose sender goes away.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestABodyThatBreaksOff(t *testing.T) {
	f := newFront(t)
	requireMessage(t, f.send("POST", "/orders", broken{}), http.StatusBadRequest, "Bad Request")
	require.Zero(t, f.create.asked)
}

func TestAnAnswerBecomesHTTP(t *testing.T) {
	f := newFront(t)
	f.create.answer = `{"statusCode":201,"headers":{"Location":"/orders/1","Content-Type":"application/json"},"body":"{\"a\":\"<ö>\"}"}`
	w := f.send("POST", "/orders", nil)
	require.Equal(t, http.StatusCreated, w.Code)
	require.Equal(t, `{"a":"<ö>"}`, w.Body.String())
	require.Equal(t, "/orders/1", w.Header().Get("Location"))
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
}

func TestAFunctionThatFailsOrAnswersNonsense(t *testing.T) {
	f := newFront(t)
	for name, s := range map[string]spy{
		"an error":             {err: errors.New("s3cret")},
		"nothing":              {answer: ``},
		"null":                 {answer: `null`},
		"no JSON":              {answer: `<html>s3cret`},
		"a text":               {answer: `"s3cret"`},
		"no status":            {answer: `{"body":"s3cret"}`},
		"a status of a text":   {answer: `{"statusCode":"200","body":"s3cret"}`},
		"an interim status":    {answer: `{"statusCode":101}`},
		"a status beyond HTTP": {answer: `{"statusCode":1000}`},
		"a body of an object":  {answer: `{"statusCode":200,"body":{"a":1}}`},
	} {
		t.Run(name, func(t *testing.T) {
			f.create.answer, f.create.err = s.answer, s.err
			requireMessage(t, f.send("POST", "/orders", nil), http.StatusBadGateway, "Internal server error")
		})
	}
}
