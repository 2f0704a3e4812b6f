package peer

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRequests(t *testing.T) {
	for _, s := range specs() {
		for _, base := range []string{"", "/Prod", "/Prod/"} {
			t.Run(s.name+base, func(t *testing.T) {
				var received *http.Request
				var body []byte
				server := serve(t, func(w http.ResponseWriter, r *http.Request) {
					received = r
					body, _ = io.ReadAll(r.Body)
					respond(200, s.accepted)(w, r)
				})
				require.NoError(t, s.newCheck(server.URL+base, optionsFor(t)).Check(t.Context(), sampleOrder()))
				require.Equal(t, http.MethodPost, received.Method)
				require.Equal(t, strings.TrimSuffix(base, "/")+s.path, received.RequestURI)
				require.Equal(t, "application/json", received.Header.Get("Content-Type"))
				require.Contains(t, received.Header.Get("Authorization"), "/eu-west-1/execute-api/aws4_request")
				require.Empty(t, received.Header.Values("Idempotency-Key"))
				require.EqualValues(t, len(body), received.ContentLength)
				require.JSONEq(t, s.request, string(body))
				require.NotContains(t, string(body), `\u00`, "no HTML escaping")
			})
		}
	}
}

func TestAcceptedAndRejected(t *testing.T) {
	for _, s := range specs() {
		t.Run(s.name, func(t *testing.T) {
			check := func(response string) error {
				return s.newCheck(serve(t, respond(200, response)).URL, optionsFor(t)).Check(t.Context(), sampleOrder())
			}
			require.NoError(t, check(s.accepted))
			require.NoError(t, check(" \n"+s.accepted+"\n "))
			requireRejected(t, check(s.rejected), s.rejection)
		})
	}
}

// Every response here is neither accepted nor rejected, for any peer.
func TestEveryOtherResponseFails(t *testing.T) {
	for _, s := range specs() {
		responses := map[string]http.HandlerFunc{
			"empty":            respond(200, ""),
			"HTML":             respond(200, "<html><body>ok</body></html>"),
			"array":            respond(200, "["+s.accepted+"]"),
			"null":             respond(200, "null"),
			"true":             respond(200, "true"),
			"text":             respond(200, `"ok"`),
			"truncated JSON":   respond(200, strings.TrimSuffix(s.accepted, "}")),
			"trailing garbage": respond(200, s.accepted+"x"),
			"two responses":    respond(200, s.accepted+s.accepted),
			"2 MiB":            respond(200, s.accepted+strings.Repeat(" ", 2<<20)),
			"byte too many":    respond(200, s.accepted+strings.Repeat(" ", 1<<20-len(s.accepted)+1)),
			"short body": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "1000")
				w.Write([]byte(s.accepted))
			},
			"broken off": func(w http.ResponseWriter, _ *http.Request) {
				w.Write([]byte(s.accepted))
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			},
			"connection closed": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		}
		for _, status := range []int{201, 202, 204, 206, 300, 304, 400, 401, 403, 404, 429, 500, 502, 503, 504} {
			responses[fmt.Sprint(status)] = func(w http.ResponseWriter, r *http.Request) {
				if status == 204 || status == 304 {
					w.WriteHeader(status)
					return
				}
				respond(status, s.accepted)(w, r)
			}
		}
		for name, handler := range responses {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				err := s.newCheck(serve(t, handler).URL, optionsFor(t)).Check(t.Context(), sampleOrder())
				requireFailed(t, err, s)
			})
		}
	}
}

func TestResponseOfOneMebibyteIsRead(t *testing.T) {
	for _, s := range specs() {
		body := s.accepted + strings.Repeat(" ", 1<<20-len(s.accepted))
		require.NoError(t, s.newCheck(serve(t, respond(200, body)).URL, optionsFor(t)).Check(t.Context(), sampleOrder()))
	}
}

func TestVerdicts(t *testing.T) {
	const failed = "failed"
	tests := []struct {
		peer, response, want string // want: nothing, the message of a rejection, or failed
	}{
		{"delivery", `{"pricing": 1000.0}`, ""},
		{"delivery", `{"pricing": 1e3}`, ""},
		{"delivery", `{"pricing": 10000.00E-1}`, ""},
		{"delivery", `{"pricing": 1000, "currency": "EUR"}`, ""},
		{"delivery", `{"pricing": 1000.0000000000000000001}`, "Wrong delivery price: got 1000, expected 1000.0000000000000000001"},
		{"delivery", `{"pricing": 1000.5}`, "Wrong delivery price: got 1000, expected 1000.5"},
		{"delivery", `{"pricing": 0}`, "Wrong delivery price: got 1000, expected 0"},
		{"delivery", `{"pricing": -0.0}`, "Wrong delivery price: got 1000, expected 0"},
		{"delivery", `{"pricing": -1000}`, "Wrong delivery price: got 1000, expected -1000"},
		{"delivery", `{"pricing": 25e2}`, "Wrong delivery price: got 1000, expected 2500"},
		{"delivery", `{"pricing": 18446744073709552616}`, "Wrong delivery price: got 1000, expected 18446744073709552616"}, // 1000 in 64 bits
		{"delivery", `{"pricing": 1e30}`, "Wrong delivery price: got 1000, expected 1e30"},
		{"delivery", `{"pricing": 1e999999999}`, "Wrong delivery price: got 1000, expected 1e999999999"},
		{"delivery", `{"pricing": 1e-999999999}`, "Wrong delivery price: got 1000, expected 1e-999999999"},
		{"delivery", `{"pricing": 1e99999999999999999999}`, "Wrong delivery price: got 1000, expected 1e99999999999999999999"},
		{"delivery", `{"pricing": ` + strings.Repeat("9", 100_000) + `}`, "Wrong delivery price: got 1000, expected " + strings.Repeat("9", maxPriceBytes)},
		{"delivery", `{"pricing": null}`, failed},
		{"delivery", `{"pricing": "1000"}`, failed},
		{"delivery", `{"pricing": ""}`, failed},
		{"delivery", `{"pricing": true}`, failed},
		{"delivery", `{"pricing": [1000]}`, failed},
		{"delivery", `{"pricing": {"price": 1000}}`, failed},
		{"delivery", `{"Pricing": 1000}`, failed},
		{"delivery", `{"pricing": 2500, "pricing": 1000}`, failed},
		{"delivery", `{}`, failed},

		{"payment", `{"ok": "true"}`, failed},
		{"payment", `{"ok": 1}`, failed},
		{"payment", `{"ok": null}`, failed},
		{"payment", `{"OK": true}`, failed},
		{"payment", `{"Ok": true}`, failed},
		{"payment", `{"OK": true, "ok": false}`, "Wrong payment token"},
		{"payment", `{"ok": [true]}`, failed},
		{"payment", `{"result": {"ok": true}}`, failed},
		{"payment", `{"ok": false, "ok": true}`, failed},
		{"payment", `{"ok": true, "ok": true}`, failed},
		{"payment", `{"ok": true, "\u006fk": false}`, failed},
		{"payment", `{}`, failed},

		{"users", `{"ok": "true"}`, failed},
		{"users", `{"OK": true}`, failed},
		{"users", `{}`, failed},

		{"products", `{"message": ""}`, ""},
		{"products", `{"message": "a", "products": []}`, ""},
		{"products", `{"message": "a", "Products": [{}]}`, ""},
		{"products", `{"message": "a", "products": [null]}`, "a"},
		{"products", `{"message": "a. <b>", "products": [{}]}`, "a. <b>"},
		{"products", `{"message": "", "products": [{}]}`, "Wrong products"},
		{"products", `{"message": "a", "products": [], "products": [{}]}`, failed},
		{"products", `{"message": "a", "products": null}`, failed},
		{"products", `{"message": null, "products": []}`, failed},
		{"products", `{"message": ["a"], "products": [{}]}`, failed},
		{"products", `{"products": [{}]}`, failed},
		{"products", `{"Message": "a"}`, failed},
		{"products", `{"errorMessage": "Task timed out after 3.00 seconds"}`, failed},
		{"products", `{}`, failed},
		{"products", `{"message": "a", "products": {}}`, failed},
		{"products", `{"message": "a", "products": "none"}`, failed},
		{"products", `{"message": "a", "products": ""}`, failed},
		{"products", `{"message": "a", "products": false}`, failed},
		{"products", `{"message": "a", "products": 0}`, failed},
	}
	for _, test := range tests {
		t.Run(test.peer+"/"+test.response[:min(60, len(test.response))], func(t *testing.T) {
			s := specFor(test.peer)
			err := s.newCheck("http://peer.example", Options{Transport: respondAlways(200, test.response)}).Check(t.Context(), sampleOrder())
			switch test.want {
			case "":
				require.NoError(t, err)
			case failed:
				requireFailed(t, err, s)
			default:
				requireRejected(t, err, test.want)
			}
		})
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, s := range specs() {
		for _, status := range []int{301, 302, 303, 307, 308} {
			var requests atomic.Int32
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if requests.Add(1) > 1 {
					respond(200, s.accepted)(w, r)
					return
				}
				w.Header().Set("Location", "/elsewhere")
				respond(status, s.accepted)(w, r)
			})
			err := s.newCheck(server.URL, optionsFor(t)).Check(t.Context(), sampleOrder())
			requireFailed(t, err, s)
			require.ErrorContains(t, err, fmt.Sprint(status))
			require.EqualValues(t, 1, requests.Load())
		}
	}
}

func TestRefusedConnection(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, s := range specs() {
		err := s.newCheck(gone.URL, optionsFor(t)).Check(t.Context(), sampleOrder())
		requireFailed(t, err, s)
		_, ok := errors.AsType[*net.OpError](err)
		require.True(t, ok, "operators must see why: %v", err)

		requireFailed(t, s.newCheck("http://bad host/", optionsFor(t)).Check(t.Context(), sampleOrder()), s)
		requireFailed(t, s.newCheck("", optionsFor(t)).Check(t.Context(), sampleOrder()), s)
	}
}

// goleak, in TestMain, finds whatever such a check leaves behind.
func TestHangingPeer(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then does the server notice that the client has gone
		<-r.Context().Done()
	}
	hangHalfway := func(body string, status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			respond(status, body)(w, r)
			w.(http.Flusher).Flush()
			hang(w, r)
		}
	}
	for _, s := range specs() {
		for name, handler := range map[string]http.HandlerFunc{
			"no response": hang,
			"half of one": hangHalfway(s.accepted, 200),
			"an error":    hangHalfway(s.accepted, 500),
		} {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				err := s.newCheck(serve(t, handler).URL, optionsFor(t)).Check(within(t, 20*ms), sampleOrder())
				requireFailed(t, err, s)
			})
		}
	}
}
