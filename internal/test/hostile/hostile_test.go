package hostile

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/local"
	"orders/internal/order"
	"orders/internal/test/testworld"
)

func TestHostileRequests(t *testing.T) {
	s := startService(t)
	before, listed := s.checks.Load(), s.fetch(t, "/orders", s.victim)
	for _, r := range corpus(t) {
		t.Run(r.Name, func(t *testing.T) { s.requireRejected(t, r) })
		if checks := s.checks.Load(); checks != before {
			t.Fatalf("%s: %d requests reached a peer", r.Name, checks-before)
		}
	}
	s.requireUntouched(t, listed)
}

// An invalid order is rejected in whichever way it arrives.
func TestHostileOrdersToTheFunction(t *testing.T) {
	s := startService(t)
	before, listed, sent := s.checks.Load(), s.fetch(t, "/orders", s.victim), 0
	for _, r := range corpus(t) {
		if !r.onlyBody() || len(r.body()) > 4<<20 { // Lambda takes no more, as Base64
			continue
		}
		sent++
		t.Run(r.Name, func(t *testing.T) {
			s.requireRejected(t, asProxyEvent(t, r))
			if direct, ok := asDirectEvent(r); ok {
				s.requireRejected(t, direct)
			}
		})
		require.Equal(t, before, s.checks.Load(), "%s reached a peer", r.Name)
	}
	require.Greater(t, sent, 300)
	s.requireUntouched(t, listed)
}

func asProxyEvent(t *testing.T, r Request) Request {
	event, err := json.Marshal(map[string]any{
		"httpMethod": "POST", "resource": "/orders", "path": "/orders", "isBase64Encoded": true, "body": r.body(),
		"requestContext": map[string]any{"authorizer": map[string]any{"claims": map[string]any{"sub": "mallory"}}},
	})
	require.NoError(t, err)
	return Request{Function: "create-order", Text: string(event), Want: r.Want}
}

// asDirectEvent returns false for an order that cannot be part of an event.
func asDirectEvent(r Request) (Request, bool) {
	body := r.body()
	if !json.Valid(body) || !utf8.Valid(body) || len(bytes.TrimSpace(body)) < len(body) {
		return Request{}, false
	}
	want := Expectation{Message: r.Want.Message, Errors: r.Want.Errors}
	if r.Want.Status == http.StatusRequestEntityTooLarge {
		want.Errors = []string{"*"}
	}
	return Request{Function: "create-order", Text: `{"userId":"mallory","order":` + string(body) + `}`, Want: want}, true
}

// requireRejected sends a request and requires the expected response.
func (s *service) requireRejected(t *testing.T, r Request) {
	t.Helper()
	got, err := s.Send(r)
	if err != nil || got.Status != r.Want.Status && r.Function == "" {
		s.Close() // what arrives next may belong to this request
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

// requireProblem requires {"message"} or {"message", "errors"}.
func requireProblem(t *testing.T, want Expectation, body []byte) {
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

// matches reports whether a text matches a pattern, which may end in * for any rest.
func matches(pattern, text string) bool {
	if beginning, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(text, beginning)
	}
	return text == pattern
}

// requireUntouched requires that only victim's order is stored and published, that nothing secret
// is logged, and that the next valid request succeeds.
func (s *service) requireUntouched(t *testing.T, victims string) {
	t.Helper()
	require.Equal(t, victims, s.fetch(t, "/orders", s.victim))
	require.JSONEq(t, `{"orders":[]}`, s.fetch(t, "/orders", s.mallory))
	const next = marker + "-next"
	s.order(t, s.mallory, next)
	require.Equal(t, []string{"OrderCreated " + victimsOrder, "OrderCreated " + order.IDFor(next)}, s.published(t))
	require.JSONEq(t, "[]", s.fetch(t, "/_local/dead-letters", ""))
	require.Greater(t, len(s.logLines()), 300, "rejections are logged")
	for _, line := range s.logLines() {
		require.True(t, json.Valid([]byte(line)), line)
		require.NotContains(t, line, marker)
	}
}

// A service is a local service with peers that count their requests, and one order: victim's.
type service struct {
	Wire
	good   *place
	checks atomic.Int64 // requests that reached a peer
	log    *testworld.Buffer
	victim string // a token
}

func startService(t testing.TB) *service {
	t.Helper()
	s := &service{good: goodOrder(t)}
	peers := httptest.NewServer(http.HandlerFunc(s.accept))
	t.Cleanup(peers.Close)
	url, log := testworld.StartLocal(t, local.Settings{
		LogLevel: slog.LevelDebug, DeliveryURL: peers.URL + "/delivery", PaymentURL: peers.URL,
		ProductsURL: peers.URL + "/products", UsersURL: peers.URL,
	})
	t.Cleanup(s.Close)
	s.log, s.address = log, strings.TrimPrefix(url, "http://")
	s.mallory, s.victim = s.fetch(t, "/_local/token?sub=mallory", ""), s.fetch(t, "/_local/token?sub=victim", "")
	s.order(t, s.victim, victimsToken)
	return s
}

// accept is the response of every peer.
func (s *service) accept(w http.ResponseWriter, r *http.Request) {
	s.checks.Add(1)
	body := `{"ok":true}`
	switch {
	case strings.HasPrefix(r.URL.Path, "/delivery"):
		body = `{"pricing":2}`
	case strings.HasPrefix(r.URL.Path, "/products"):
		body = `{"message":"All products are valid"}`
	}
	_, _ = io.WriteString(w, body)
}

// fetch returns the body of a GET that succeeds.
func (s *service) fetch(t testing.TB, path, token string) string {
	t.Helper()
	got, err := s.Send(Request{Method: "GET", Path: path, Headers: []string{"Authorization: Bearer " + token}})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.Status, path)
	return string(got.Body)
}

// order creates a valid order and waits until it is published.
func (s *service) order(t testing.TB, token, paymentToken string) {
	t.Helper()
	good := Request{Method: "POST", Path: "/orders", Headers: []string{"Authorization: Bearer " + token}}
	got, err := s.Send(good.with(s.good.text(edits{s.good.at("/paymentToken"): setTo(`"` + paymentToken + `"`)})))
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, got.Status, string(got.Body))
	id := order.IDFor(order.PaymentToken(paymentToken))
	require.Eventually(t, func() bool { return strings.Contains(s.fetch(t, "/_local/events", ""), id) }, 10*time.Second, time.Millisecond)
}

// published returns the types and orders of all events so far.
func (s *service) published(t testing.TB) []string {
	t.Helper()
	var events []struct {
		DetailType string `json:"detail-type"`
		Resources  []string
	}
	require.NoError(t, json.Unmarshal([]byte(s.fetch(t, "/_local/events", "")), &events))
	var all []string
	for _, event := range events {
		all = append(all, event.DetailType+" "+strings.Join(event.Resources, " "))
	}
	return all
}

func (s *service) logLines() []string { return strings.Split(strings.TrimSpace(s.log.String()), "\n") }
