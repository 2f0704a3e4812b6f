package hostile

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/order"
)

func TestHostileRequests(t *testing.T) {
	w := newWorld(t)
	before, listed := w.asked.Load(), w.fetch(t, "/orders", w.victim)
	for _, r := range corpus(t) {
		t.Run(r.Name, func(t *testing.T) { w.requireRefused(t, r) })
		if asked := w.asked.Load(); asked != before {
			t.Fatalf("%s: %d requests reached a neighbour", r.Name, asked-before)
		}
	}
	w.requireUntouched(t, listed)
}

// What is wrong with an order is wrong with it whichever way it comes.
func TestHostileOrdersToTheFunction(t *testing.T) {
	w := newWorld(t)
	before, listed, sent := w.asked.Load(), w.fetch(t, "/orders", w.victim), 0
	for _, r := range corpus(t) {
		if !r.plain() || len(r.body()) > 4<<20 { // Lambda takes no more, as Base64
			continue
		}
		sent++
		t.Run(r.Name, func(t *testing.T) {
			w.requireRefused(t, asProxyEvent(t, r))
			if direct, ok := asDirectEvent(r); ok {
				w.requireRefused(t, direct)
			}
		})
		require.Equal(t, before, w.asked.Load(), "%s reached a neighbour", r.Name)
	}
	require.Greater(t, sent, 300)
	w.requireUntouched(t, listed)
}

func asProxyEvent(t *testing.T, r Request) Request {
	event, err := json.Marshal(map[string]any{
		"httpMethod": "POST", "resource": "/orders", "path": "/orders", "isBase64Encoded": true, "body": r.body(),
		"requestContext": map[string]any{"authorizer": map[string]any{"claims": map[string]any{"sub": "mallory"}}},
	})
	require.NoError(t, err)
	return Request{Function: "create-order", Text: string(event), Want: r.Want}
}

// asDirectEvent is false for an order that cannot be part of an event.
func asDirectEvent(r Request) (Request, bool) {
	body := r.body()
	if !json.Valid(body) || !utf8.Valid(body) || len(bytes.TrimSpace(body)) < len(body) {
		return Request{}, false
	}
	want := Answer{Message: r.Want.Message, Errors: r.Want.Errors}
	if r.Want.Status == http.StatusRequestEntityTooLarge {
		want.Errors = []string{"*"}
	}
	return Request{Function: "create-order", Text: `{"userId":"mallory","order":` + string(body) + `}`, Want: want}, true
}

// requireRefused sends a request and holds the answer to what it should be.
func (w *world) requireRefused(t *testing.T, r Request) {
	t.Helper()
	got, err := w.Send(r)
	if err != nil || got.Status != r.Want.Status && r.Function == "" {
		w.Close() // what else comes by this connection may belong to this request still
	}
	require.NoError(t, err)
	if r.Function == "" {
		require.Equal(t, r.Want.Status, got.Status, string(got.Body))
		requireOurHeaders(t, got.Header.Get)
		if r.Method == http.MethodHead {
			require.Empty(t, got.Body)
			return
		}
		requireProblem(t, r.Want, got.Body)
		return
	}
	require.Equal(t, http.StatusOK, got.Status, string(got.Body))
	require.Empty(t, got.Header.Get("X-Amz-Function-Error"), string(got.Body))
	if r.Want.Status == 0 {
		require.Contains(t, string(got.Body), `"success":false`)
		requireProblem(t, r.Want, bytes.Replace(got.Body, []byte(`"success":false,`), nil, 1))
		return
	}
	var inner struct {
		StatusCode int
		Headers    map[string]string
		Body       string
	}
	require.NoError(t, json.Unmarshal(got.Body, &inner))
	require.Equal(t, r.Want.Status, inner.StatusCode, inner.Body)
	requireOurHeaders(t, func(name string) string { return inner.Headers[name] })
	requireProblem(t, r.Want, []byte(inner.Body))
}

func requireOurHeaders(t *testing.T, header func(name string) string) {
	t.Helper()
	require.Equal(t, "application/json", header("Content-Type"))
	for name, value := range handler.CORS() {
		require.Equal(t, value, header(name), name)
	}
}

// requireProblem holds a body to {"message"} or {"message", "errors"}.
func requireProblem(t *testing.T, want Answer, body []byte) {
	t.Helper()
	if want.Body != "" {
		require.JSONEq(t, want.Body, string(body))
		return
	}
	var got struct {
		Message string   `json:"message"`
		Errors  []string `json:"errors"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&got), string(body))
	require.NotEmpty(t, got.Message)
	require.True(t, matches(want.Message, got.Message), "%s instead of %s", got.Message, want.Message)
	expected := want.Errors
	if n := len(expected); n > 0 && expected[n-1] == "..." {
		expected = expected[:n-1]
		require.GreaterOrEqual(t, len(got.Errors), len(expected))
		got.Errors = got.Errors[:len(expected)]
	}
	require.Len(t, got.Errors, len(expected), "%.2000q", got.Errors)
	for _, fault := range expected {
		require.True(t, slices.ContainsFunc(got.Errors, func(text string) bool { return matches(fault, text) }), "%s is not in %.2000q", fault, got.Errors)
	}
}

// matches compares with a pattern that may end in *, for whatever follows.
func matches(pattern, text string) bool {
	if beginning, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(text, beginning)
	}
	return text == pattern
}

// requireUntouched demands that nothing is stored, announced or told but victim's order, and that the next good
// request is answered as ever.
func (w *world) requireUntouched(t *testing.T, victims string) {
	t.Helper()
	require.Equal(t, victims, w.fetch(t, "/orders", w.victim))
	require.JSONEq(t, `{"orders":[]}`, w.fetch(t, "/orders", w.mallory))
	const next = marker + "-next"
	w.create(t, w.mallory, next)
	require.Equal(t, []string{"OrderCreated " + victimsOrder, "OrderCreated " + order.IDFor(next)}, w.announced(t))
	require.JSONEq(t, "[]", w.fetch(t, "/_local/dead-letters", ""))
	require.Greater(t, len(w.log.all()), 300, "refusals are logged")
	for _, line := range w.log.all() {
		require.True(t, json.Valid([]byte(line)), line)
		require.NotContains(t, line, marker)
	}
}
