package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// peers are the neighbours that can be replaced: how messages call them, their setting and the answer that means yes.
func peers() map[string]struct{ setting, yes string } {
	return map[string]struct{ setting, yes string }{
		"delivery": {"DELIVERY_API_URL", `{"pricing": 1500}`},
		"payment":  {"PAYMENT_API_URL", `{"ok": true}`},
		"products": {"PRODUCTS_API_URL", `{}`},
		"users":    {"USERS_API_URL", `{"ok": true}`},
	}
}

// A peer out of order stores and announces nothing; when it is well again, the same request makes the order.
func TestAPeerOutOfOrder(t *testing.T) {
	t.Parallel()
	for fault, answer := range map[string]http.HandlerFunc{
		"500": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"ok": true, "pricing": 1500}`, http.StatusInternalServerError)
		},
		"HTML":       says("<!DOCTYPE html><title>Welcome</title>"),
		"empty":      says(""),
		"hanging":    hang,
		"breaks off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"redirects": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"no JSON object": says(`["ok"]`),
	} {
		for peer, its := range peers() {
			t.Run(fault+" "+peer, func(t *testing.T) {
				t.Parallel()
				var well atomic.Bool
				url := serve(t, func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice a client that is gone
					if well.Load() {
						says(its.yes)(w, r)
					} else {
						answer(w, r)
					}
				})
				s := start(t, "FULFILMENT=off", its.setting+"="+url)
				ada := s.newUser(t)
				body := s.newRequest(t).encode(t)

				failed := ada.post(t, body)
				failed.requireProblem(t, http.StatusServiceUnavailable, "Service unavailable", "Failure to contact the "+peer+" service")
				require.NotEmpty(t, failed.header.Get("Retry-After"))
				ada.requireNoOrders(t)

				well.Store(true)
				var again reply
				waitFor(t, "the service to ask the peer again", func() bool {
					again = ada.post(t, body)
					return again.status != http.StatusServiceUnavailable
				})
				o := again.order(t, http.StatusCreated)
				s.waitForEvents(t, o.OrderID, 1)
				require.Len(t, s.events(t), 1)
			})
		}
	}
}

func TestAPeerThatSaysNo(t *testing.T) {
	t.Parallel()
	for peer, test := range map[string]struct{ no, message string }{
		"delivery": {`{"pricing": 1501}`, "Wrong delivery price: got 1500, expected 1501"},
		"payment":  {`{"ok": false}`, "Wrong payment token"},
		"products": {`{"products": [{"productId": "x"}], "message": "Sold out"}`, "Sold out"},
		"users":    {`{"ok": false}`, "Unknown user"},
	} {
		t.Run(peer, func(t *testing.T) {
			t.Parallel()
			s := start(t, "FULFILMENT=off", peers()[peer].setting+"="+serve(t, says(test.no))+"/stage/")
			ada := s.newUser(t)
			ada.post(t, s.newRequest(t).encode(t)).requireProblem(t, http.StatusUnprocessableEntity, "Validation errors", test.message)
			ada.requireNoOrders(t)
			require.Empty(t, s.events(t))
		})
	}
}

// serve answers as a peer until the test is over.
func serve(t *testing.T, answer http.HandlerFunc) (url string) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// hang waits for the client to give up.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
