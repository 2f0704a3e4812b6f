package hostile

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local"
	"orders/internal/order"
)

// A world is a running service with neighbours that count who calls, and one order: victim's.
type world struct {
	Wire
	good   *place
	asked  atomic.Int64 // requests that reached a neighbour
	log    lines
	victim string // a token
}

// lines keep what the service logs.
type lines struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(p)
}

func (l *lines) all() []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return strings.Split(strings.TrimSpace(l.text.String()), "\n")
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{good: goodOrder(t)}
	peers := httptest.NewServer(http.HandlerFunc(w.neighbour))
	t.Cleanup(peers.Close)
	settings := local.Settings{Region: region, LogLevel: slog.LevelDebug, DeliveryURL: peers.URL + "/delivery", PaymentURL: peers.URL, ProductsURL: peers.URL + "/products", UsersURL: peers.URL}
	service, err := local.Start(t.Context(), settings, &w.log)
	require.NoError(t, err)
	t.Cleanup(func() {
		w.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, service.Close(ctx))
	})
	w.address = strings.TrimPrefix(service.URL, "http://")
	w.mallory, w.victim = w.fetch(t, "/_local/token?sub=mallory", ""), w.fetch(t, "/_local/token?sub=victim", "")
	w.create(t, w.victim, victimsToken)
	return w
}

// neighbour agrees to everything.
func (w *world) neighbour(out http.ResponseWriter, r *http.Request) {
	w.asked.Add(1)
	body := `{"ok":true}`
	switch {
	case strings.HasPrefix(r.URL.Path, "/delivery"):
		body = `{"pricing":2}`
	case strings.HasPrefix(r.URL.Path, "/products"):
		body = `{"message":"All products are valid"}`
	}
	_, _ = io.WriteString(out, body)
}

// fetch is the answer to a GET that goes well.
func (w *world) fetch(t testing.TB, path, token string) string {
	t.Helper()
	got, err := w.Send(Request{Method: "GET", Path: path, Headers: []string{"Authorization: Bearer " + token}})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.Status, path)
	return string(got.Body)
}

// create orders something in the right way, and waits until that is announced.
func (w *world) create(t testing.TB, token, paymentToken string) {
	t.Helper()
	good := Request{Method: "POST", Path: "/orders", Headers: []string{"Authorization: Bearer " + token}}
	got, err := w.Send(good.with(w.good.text(edits{w.good.at("/paymentToken"): setTo(`"` + paymentToken + `"`)})))
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, got.Status, string(got.Body))
	id := order.IDFor(order.PaymentToken(paymentToken))
	require.Eventually(t, func() bool { return strings.Contains(w.fetch(t, "/_local/events", ""), id) }, 10*time.Second, time.Millisecond)
}

// announced is the orders of all events so far.
func (w *world) announced(t testing.TB) []string {
	t.Helper()
	var events []struct {
		DetailType string `json:"detail-type"`
		Resources  []string
	}
	require.NoError(t, json.Unmarshal([]byte(w.fetch(t, "/_local/events", "")), &events))
	var all []string
	for _, event := range events {
		all = append(all, event.DetailType+" "+strings.Join(event.Resources, " "))
	}
	return all
}
