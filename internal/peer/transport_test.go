package peer

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEachRequestHasAConnectionToItself(t *testing.T) {
	protocol := ""
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { protocol = r.Proto }))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	transport.TLSClientConfig.NextProtos = nil

	_ = NewUsers(server.URL, Calls{Transport: transport, Timeout: patience}).Check(t.Context(), anOrder())
	require.Equal(t, "HTTP/1.1", protocol)
}

func TestTheEnvironmentNamesNoProxy(t *testing.T) {
	require.Nil(t, NewTransport().Proxy)
}

func TestAPeerWithTheWrongCertificateIsNotTrusted(t *testing.T) {
	server := httptest.NewUnstartedServer(answering(200, `{"ok": true}`))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of the handshake
	server.StartTLS()
	t.Cleanup(server.Close)
	for _, s := range subjects() {
		err := s.make(server.URL, callsFor(t, patience)).Check(t.Context(), anOrder())
		requireUnchecked(t, err, s)
		_, ok := errors.AsType[*tls.CertificateVerificationError](err)
		require.True(t, ok, "operators must see why: %v", err)
	}
}

func TestHeadersAreBoundedToo(t *testing.T) {
	for _, s := range subjects() {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 256<<10))
			answering(200, s.yes)(w, r)
		})
		requireUnchecked(t, s.make(server.URL, callsFor(t, patience)).Check(t.Context(), anOrder()), s)
	}
}
