package local

import (
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// localhostOnly returns a handler that rejects requests for other hosts than this machine. A
// website can point a name of its own to 127.0.0.1, and so read responses that browsers would
// otherwise keep from it (DNS rebinding).
func localhostOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLocalhost(r.Host) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"message":"Host must be localhost, 127.0.0.1 or [::1]"}`) // fails only if the client has gone
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isLocalhost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil { // there is no port
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	return strings.EqualFold(name, "localhost") || name == "127.0.0.1" || name == "::1"
}

// bodyTimeout is how long a client may take to send a body.
const bodyTimeout = 10 * time.Second

// limitBodyTime returns a handler whose requests' bodies fail with os.ErrDeadlineExceeded if they
// are not complete within the timeout. http.Server.ReadTimeout is no alternative, because it also
// cancels the contexts of requests that take longer to handle.
func limitBodyTime(timeout time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody {
			connection := http.NewResponseController(w)
			if connection.SetReadDeadline(time.Now().Add(timeout)) == nil {
				timed := r.WithContext(r.Context()) // a handler must not change r itself
				timed.Body = timedBody{r.Body, connection}
				r = timed
			}
		}
		next.ServeHTTP(w, r)
	})
}

// A timedBody removes the read deadline at its end.
type timedBody struct {
	io.ReadCloser
	connection *http.ResponseController
}

func (b timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = b.connection.SetReadDeadline(time.Time{}) // possible, because it was set
	}
	return n, err
}
