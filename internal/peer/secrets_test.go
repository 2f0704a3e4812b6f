package peer

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

// secrets returns what no error text may contain.
func secrets() []string {
	a := sampleOrder().Address
	return []string{
		string(sampleOrder().PaymentToken), a.Name, *a.CompanyName, a.StreetAddress, *a.PostCode, a.City, a.PhoneNumber,
		keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken, "Signature=", "user-in-url", "password-in-url", "query-in-url",
	}
}

// texts returns all texts of an error and of what it wraps.
func texts(err error) string {
	all := fmt.Sprintf("%v\n%+v\n%#v\n", err, err, err)
	if e, ok := err.(*order.Error); ok {
		all += e.Message + strings.Join(e.Details, "\n")
	}
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, wrapped := range e.Unwrap() {
			all += texts(wrapped)
		}
	case interface{ Unwrap() error }:
		if wrapped := e.Unwrap(); wrapped != nil {
			all += texts(wrapped)
		}
	}
	return all
}

// The worst that a peer can do is to return what it received, in a place that net/http might quote.
func TestNoErrorContainsASecret(t *testing.T) {
	raw := func(format string) func(received string) http.HandlerFunc {
		return func(received string) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					panic(err)
				}
				defer conn.Close()
				io.WriteString(conn, strings.ReplaceAll(format, "ECHO", received))
			}
		}
	}
	peers := map[string]func(received string) http.HandlerFunc{
		"200":       func(received string) http.HandlerFunc { return respond(200, received) },
		"500":       func(received string) http.HandlerFunc { return respond(500, received) },
		"JSON text": func(received string) http.HandlerFunc { return respond(200, fmt.Sprintf("%q", received)) },
		"members": func(received string) http.HandlerFunc {
			return respond(200, fmt.Sprintf(`{"ok": %[1]q, "pricing": %[1]q, "products": %[1]q}`, received))
		},
		"no HTTP":        raw("ECHO\r\n\r\n"),
		"protocol":       raw("HTTP/ECHO 200 OK\r\n\r\n"),
		"status":         raw("HTTP/1.1 ECHO\r\n\r\n"),
		"reason":         raw("HTTP/1.1 500 ECHO\r\nContent-Length: 0\r\n\r\n"),
		"header":         raw("HTTP/1.1 200 OK\r\nECHO\r\n\r\n"),
		"content length": raw("HTTP/1.1 200 OK\r\nContent-Length: ECHO\r\n\r\n"),
		"encoding":       raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: ECHO\r\n\r\n"),
		"chunk":          raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nECHO\r\n"),
		"location":       raw("HTTP/1.1 301 Moved\r\nLocation: ://ECHO\r\nContent-Length: 0\r\n\r\n"),
		"nothing":        raw(""),
	}
	for name, handler := range peers {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				received := r.RequestURI + strings.Join(r.Header.Values("Authorization"), "") + r.Header.Get("X-Amz-Security-Token") + strings.TrimSpace(string(body))
				handler(received)(w, r)
			})
			base := strings.Replace(server.URL, "http://", "http://user-in-url:password-in-url@", 1) + "/?q=query-in-url"
			for _, s := range specs() {
				options := optionsFor(t)
				var log strings.Builder
				options.Log = slog.New(slog.NewTextHandler(&log, nil))
				checker := s.newCheck(base, options)
				for range 4 { // failures open the circuit on the way
					requireRedacted(t, checker.Check(inTime(t), sampleOrder()), s)
				}
				requireNoSecrets(t, log.String())
			}
		})
	}
}

func TestNoErrorContainsTheURL(t *testing.T) {
	for _, url := range []string{
		"http://user-in-url:password-in-url@127.0.0.1:1/?q=query-in-url",
		"ftp://user-in-url:password-in-url@127.0.0.1/?q=query-in-url",
		"http://user-in-url:password-in-url",
		"http://user-in-url:password-in-url@[::1/?q=query-in-url",
		"http://127.0.0.1/\x00?q=query-in-url",
		"://query-in-url",
	} {
		for _, s := range specs() {
			requireRedacted(t, s.newCheck(url, optionsFor(t)).Check(inTime(t), sampleOrder()), s)
		}
	}
}

func requireRedacted(t *testing.T, err error, s spec) {
	t.Helper()
	requireFailed(t, err, s)
	requireNoSecrets(t, texts(err))
}

func requireNoSecrets(t *testing.T, text string) {
	t.Helper()
	for _, secret := range secrets() {
		require.NotContains(t, text, secret)
	}
}
