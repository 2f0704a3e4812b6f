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
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

func requireRefused(t *testing.T, err error, message string) {
	t.Helper()
	e, ok := errors.AsType[*order.Error](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, order.Rejected, e.Kind)
	require.Equal(t, message, e.Message)
	require.NoError(t, e.Err)
}

func requireUnchecked(t *testing.T, err error, s subject) {
	t.Helper()
	e, ok := errors.AsType[*order.Error](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, order.CheckFailed, e.Kind)
	require.Equal(t, s.failure, e.Message)
	require.ErrorContains(t, e.Err, s.name)
}

func TestYesAndNo(t *testing.T) {
	for _, s := range subjects() {
		t.Run(s.name, func(t *testing.T) {
			check := func(answer string) error {
				return s.make(serve(t, answering(200, answer)).URL, callsFor(t, patience)).Check(t.Context(), anOrder())
			}
			require.NoError(t, check(s.yes))
			require.NoError(t, check(" \n"+s.yes+"\n "))
			requireRefused(t, check(s.no), s.refusal)
		})
	}
}

// Nothing here is a yes or a clear no for any peer.
func TestEveryOtherAnswerFailsClosed(t *testing.T) {
	for _, s := range subjects() {
		answers := map[string]http.HandlerFunc{
			"empty":            answering(200, ""),
			"HTML":             answering(200, "<html><body>ok</body></html>"),
			"array":            answering(200, "["+s.yes+"]"),
			"null":             answering(200, "null"),
			"true":             answering(200, "true"),
			"text":             answering(200, `"ok"`),
			"truncated JSON":   answering(200, strings.TrimSuffix(s.yes, "}")),
			"trailing garbage": answering(200, s.yes+"x"),
			"two answers":      answering(200, s.yes+s.yes),
			"2 MiB":            answering(200, s.yes+strings.Repeat(" ", 2<<20)),
			"byte too many":    answering(200, s.yes+strings.Repeat(" ", 1<<20-len(s.yes)+1)),
			"shorter than said": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "1000")
				w.Write([]byte(s.yes))
			},
			"broken off": func(w http.ResponseWriter, _ *http.Request) {
				w.Write([]byte(s.yes))
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			},
			"hung up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		}
		for _, status := range []int{201, 202, 204, 206, 300, 304, 400, 401, 403, 404, 429, 500, 502, 503, 504} {
			answers[fmt.Sprint(status)] = func(w http.ResponseWriter, r *http.Request) {
				if status == 204 || status == 304 {
					w.WriteHeader(status)
					return
				}
				answering(status, s.yes)(w, r)
			}
		}
		for name, handler := range answers {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				err := s.make(serve(t, handler).URL, callsFor(t, patience)).Check(t.Context(), anOrder())
				requireUnchecked(t, err, s)
			})
		}
	}
}

func TestAnAnswerOfOneMebibyteIsRead(t *testing.T) {
	for _, s := range subjects() {
		body := s.yes + strings.Repeat(" ", 1<<20-len(s.yes))
		require.NoError(t, s.make(serve(t, answering(200, body)).URL, callsFor(t, patience)).Check(t.Context(), anOrder()))
	}
}

func TestTheAnswerOfEachPeer(t *testing.T) {
	const unchecked = "unchecked"
	tests := []struct {
		peer, answer, want string // want: nothing, a refusal, or unchecked
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
		{"delivery", `{"pricing": 1e30}`, "Wrong delivery price: got 1000, expected 1" + strings.Repeat("0", 30)},
		{"delivery", `{"pricing": 1e999999999}`, unchecked},
		{"delivery", `{"pricing": 1e-999999999}`, unchecked},
		{"delivery", `{"pricing": 1e99999999999999999999}`, unchecked},
		{"delivery", `{"pricing": ` + strings.Repeat("9", 100_000) + `}`, unchecked},
		{"delivery", `{"pricing": null}`, unchecked},
		{"delivery", `{"pricing": "1000"}`, unchecked},
		{"delivery", `{"pricing": ""}`, unchecked},
		{"delivery", `{"pricing": true}`, unchecked},
		{"delivery", `{"pricing": [1000]}`, unchecked},
		{"delivery", `{"pricing": {"price": 1000}}`, unchecked},
		{"delivery", `{"Pricing": 1000}`, unchecked},
		{"delivery", `{}`, unchecked},

		{"payment", `{"ok": "true"}`, unchecked},
		{"payment", `{"ok": 1}`, unchecked},
		{"payment", `{"ok": null}`, unchecked},
		{"payment", `{"OK": true}`, unchecked},
		{"payment", `{"Ok": true}`, unchecked},
		{"payment", `{"OK": true, "ok": false}`, "Wrong payment token"},
		{"payment", `{"ok": [true]}`, unchecked},
		{"payment", `{"result": {"ok": true}}`, unchecked},
		{"payment", `{}`, unchecked},

		{"users", `{"ok": "true"}`, unchecked},
		{"users", `{"OK": true}`, unchecked},
		{"users", `{}`, unchecked},

		{"products", `{}`, ""},
		{"products", `{"products": null}`, ""},
		{"products", `{"products": []}`, ""},
		{"products", `{"products": [], "message": "fine"}`, ""},
		{"products", `{"Products": [{}]}`, ""},
		{"products", `{"products": [null]}`, "Wrong products"},
		{"products", `{"products": [{}]}`, "Wrong products"},
		{"products", `{"products": [{}], "message": ""}`, "Wrong products"},
		{"products", `{"products": [{}], "message": null}`, "Wrong products"},
		{"products", `{"products": [{}], "message": ["a"]}`, "Wrong products"},
		{"products", `{"products": [{}], "Message": "a"}`, "Wrong products"},
		{"products", `{"products": [{}], "message": "a. <b>"}`, "a. <b>"},
		{"products", `{"products": {}}`, unchecked},
		{"products", `{"products": "none"}`, unchecked},
		{"products", `{"products": ""}`, unchecked},
		{"products", `{"products": false}`, unchecked},
		{"products", `{"products": 0}`, unchecked},
	}
	for _, test := range tests {
		t.Run(test.peer+"/"+test.answer[:min(60, len(test.answer))], func(t *testing.T) {
			s := subjectNamed(test.peer)
			err := s.make("http://peer.example", Calls{Transport: canned(200, test.answer)}).Check(t.Context(), anOrder())
			switch test.want {
			case "":
				require.NoError(t, err)
			case unchecked:
				requireUnchecked(t, err, s)
			default:
				requireRefused(t, err, test.want)
			}
		})
	}
}

func subjectNamed(name string) subject {
	for _, s := range subjects() {
		if s.name == name {
			return s
		}
	}
	panic("no peer " + name)
}

// canned answers every request alike, without a network.
func canned(status int, body string) transportFunc {
	return func(r *http.Request) (*http.Response, error) {
		r.Body.Close()
		return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, s := range subjects() {
		for _, status := range []int{301, 302, 303, 307, 308} {
			var requests atomic.Int32
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if requests.Add(1) > 1 {
					answering(200, s.yes)(w, r)
					return
				}
				w.Header().Set("Location", "/elsewhere")
				answering(status, s.yes)(w, r)
			})
			err := s.make(server.URL, callsFor(t, patience)).Check(t.Context(), anOrder())
			requireUnchecked(t, err, s)
			require.ErrorContains(t, err, fmt.Sprint(status))
			require.EqualValues(t, 1, requests.Load())
		}
	}
}

func TestAPeerThatIsNotThere(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, s := range subjects() {
		err := s.make(gone.URL, callsFor(t, patience)).Check(t.Context(), anOrder())
		requireUnchecked(t, err, s)
		_, ok := errors.AsType[*net.OpError](err)
		require.True(t, ok, "operators must see why: %v", err)

		requireUnchecked(t, s.make("http://bad host/", callsFor(t, patience)).Check(t.Context(), anOrder()), s)
		requireUnchecked(t, s.make("", callsFor(t, patience)).Check(t.Context(), anOrder()), s)
	}
}

// goleak, in TestMain, sees whatever a check that gave up leaves behind.
func TestAHangingPeer(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then does the server notice that the client has gone
		<-r.Context().Done()
	}
	hangHalfway := func(answer string, status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			answering(status, answer)(w, r)
			w.(http.Flusher).Flush()
			hang(w, r)
		}
	}
	for _, s := range subjects() {
		for name, handler := range map[string]http.HandlerFunc{
			"no answer":   hang,
			"half of one": hangHalfway(s.yes, 200),
			"an error":    hangHalfway(s.yes, 500),
		} {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				err := s.make(serve(t, handler).URL, callsFor(t, 20*time.Millisecond)).Check(t.Context(), anOrder())
				requireUnchecked(t, err, s)
			})
		}
	}
}
