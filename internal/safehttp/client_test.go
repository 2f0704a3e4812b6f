package safehttp_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"orders/internal/safehttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serveTLS starts a server that also offers HTTP/2, and returns a transport that trusts it.
func serveTLS(t *testing.T, handler http.HandlerFunc) (*httptest.Server, *http.Transport) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // failed handshakes
	server.StartTLS()
	transport := safehttp.NewTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
	transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return server, transport
}

func get(t *testing.T, transport http.RoundTripper, url string) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := transport.RoundTrip(request)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		require.NoError(t, response.Body.Close())
	}
	return response, err
}

func TestTransportUsesHTTP1AndKeepsConnections(t *testing.T) {
	connections := map[string]bool{} // by the client's address
	server, transport := serveTLS(t, func(_ http.ResponseWriter, r *http.Request) { connections[r.RemoteAddr] = true })
	for range 20 {
		response, err := get(t, transport, server.URL)
		require.NoError(t, err)
		require.Equal(t, 1, response.ProtoMajor)
	}
	require.Len(t, connections, 1)
}

func TestTransportUsesNoProxy(t *testing.T) {
	require.Nil(t, safehttp.NewTransport().Proxy)
}

func TestTransportLimitsHeaders(t *testing.T) {
	server, transport := serveTLS(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 256<<10))
	})
	_, err := get(t, transport, server.URL)
	require.Error(t, err)
}

func TestTransportVerifiesCertificates(t *testing.T) {
	server, transport := serveTLS(t, func(http.ResponseWriter, *http.Request) { t.Error("request to a server with an unknown certificate") })
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	_, err := get(t, transport, server.URL)
	require.ErrorAs(t, err, new(*tls.CertificateVerificationError))
}

func TestClientTimesOut(t *testing.T) {
	server, transport := serveTLS(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	_, err := safehttp.NewClient(transport, 50*time.Millisecond).Get(server.URL)
	require.EqualError(t, safehttp.Redact(err), "context deadline exceeded")
}

func TestClientFollowsNoRedirect(t *testing.T) {
	server, transport := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/", r.URL.Path)
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	response, err := safehttp.NewClient(transport, 0).Get(server.URL)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusTemporaryRedirect, response.StatusCode)
}
