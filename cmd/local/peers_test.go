package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// peers returns the settings of the peers and the responses that accept an order, by name.
func peers() map[string]struct{ setting, accepted string } {
	return map[string]struct{ setting, accepted string }{
		"delivery": {"DELIVERY_API_URL", `{"pricing": 1500}`},
		"payment":  {"PAYMENT_API_URL", `{"ok": true}`},
		"products": {"PRODUCTS_API_URL", `{"message": "All products are valid"}`},
		"users":    {"USERS_API_URL", `{"ok": true}`},
	}
}

// While a peer fails, nothing is stored or published; when it has recovered, the same request
// creates the order.
func TestPeerFailures(t *testing.T) {
	t.Parallel()
	for fault, respond := range map[string]http.HandlerFunc{
		"500": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"ok": true, "pricing": 1500}`, http.StatusInternalServerError)
		},
		"HTML":       returns("<!DOCTYPE html><title>Welcome</title>"),
		"empty":      returns(""),
		"hanging":    hang,
		"breaks off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"redirects": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"no JSON object": returns(`["ok"]`),
	} {
		for peer, its := range peers() {
			t.Run(fault+" "+peer, func(t *testing.T) {
				t.Parallel()
				var healthy atomic.Bool
				url := serve(t, func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client has gone
					if healthy.Load() {
						returns(its.accepted)(w, r)
					} else {
						respond(w, r)
					}
				})
				s := start(t, "FULFILMENT=off", its.setting+"="+url)
				ada := s.newUser(t)
				body := s.newRequest(t).encode(t)

				failed := ada.post(t, body)
				failed.requireProblem(t, http.StatusServiceUnavailable, "Service unavailable", "Failure to contact the "+peer+" service")
				require.NotEmpty(t, failed.header.Get("Retry-After"))
				ada.requireNoOrders(t)

				healthy.Store(true)
				var again reply
				waitFor(t, "the check to succeed", func() bool {
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

func TestPeerRejections(t *testing.T) {
	t.Parallel()
	for peer, test := range map[string]struct{ rejected, message string }{
		"delivery": {`{"pricing": 1501}`, "Wrong delivery price: got 1500, expected 1501"},
		"payment":  {`{"ok": false}`, "Wrong payment token"},
		"products": {`{"products": [{"productId": "x"}], "message": "Sold out"}`, "Sold out"},
		"users":    {`{"ok": false}`, "Unknown user"},
	} {
		t.Run(peer, func(t *testing.T) {
			t.Parallel()
			s := start(t, "FULFILMENT=off", peers()[peer].setting+"="+serve(t, returns(test.rejected))+"/stage/")
			ada := s.newUser(t)
			ada.post(t, s.newRequest(t).encode(t)).requireProblem(t, http.StatusUnprocessableEntity, "Validation errors", test.message)
			ada.requireNoOrders(t)
			require.Empty(t, s.events(t))
		})
	}
}

// serve serves as a peer until the end of the test.
func serve(t *testing.T, handler http.HandlerFunc) (url string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func returns(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// hang waits until the client disconnects.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
