package local

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOnlyLocalhostIsServed(t *testing.T) {
	s, c := start(t)
	defer closeService(t, s)
	_, port, err := net.SplitHostPort(s.URL[len("http://"):])
	require.NoError(t, err)
	status := func(host, path string) int {
		r, err := http.NewRequest("GET", s.URL+path, nil)
		require.NoError(t, err)
		r.Host = host
		response, err := c.Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		if response.StatusCode == http.StatusForbidden {
			require.Empty(t, response.Header.Get("Access-Control-Allow-Origin"))
		}
		return response.StatusCode
	}
	for _, host := range []string{"localhost", "127.0.0.1", "[::1]", "LOCALHOST", "localhost:" + port, "127.0.0.1:" + port, "[::1]:" + port} {
		require.Equal(t, http.StatusOK, status(host, "/_local/events"), host)
		require.Equal(t, http.StatusUnauthorized, status(host, "/orders"), host)
	}
	for _, host := range []string{"evil.example", "evil.example:" + port, "localhost.evil.example", "127.0.0.1.nip.io", "127.0.0.2", "0.0.0.0", "[::2]", "local", "localhost:1:2"} {
		for _, path := range []string{"/", "/orders", "/_local/events", "/_local/token?sub=ada", "/_local/peers/users/backend/validate", "/payment-3p/preauth"} {
			require.Equal(t, http.StatusForbidden, status(host, path), host+path)
		}
	}
}

// A client that sends a body slowly gets an error, and one that has sent it may wait for the
// response as long as it takes.
func TestBodyTimeout(t *testing.T) {
	const timeout = 50 * time.Millisecond
	server := httptest.NewServer(limitBodyTime(timeout, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusRequestTimeout)
			return
		}
		time.Sleep(2 * timeout)
		if r.Context().Err() != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "%s", body)
	})))
	defer server.Close()
	for range 2 { // the second time on the same connection
		response, err := server.Client().Post(server.URL, "text/plain", strings.NewReader("the body"))
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, "200 the body", fmt.Sprint(response.StatusCode, " ", string(body)))
	}

	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\na")
	require.NoError(t, err)
	response, err := io.ReadAll(conn) // until the server closes the connection
	require.NoError(t, err)
	require.Contains(t, string(response), "408 Request Timeout")
}
