package local

import (
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A slowListener accepts connections that send responses late.
type slowListener struct{ net.Listener }

func (l slowListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return slowConn{conn}, err
}

type slowConn struct{ net.Conn }

func (c slowConn) Write(b []byte) (int, error) {
	time.Sleep(50 * time.Millisecond)
	return c.Conn.Write(b)
}

// A request is no longer in flight once its handler has returned, and net/http sends the response
// only after that.
func TestCloseSendsResponsesOfFinishedHandlers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &Service{inFlight: newDrain()}
	entered := make(chan struct{})
	s.server = &http.Server{Handler: s.inFlight.track(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		w.WriteHeader(http.StatusCreated)
	}))}
	s.running.Go(func() { _ = s.server.Serve(slowListener{listener}) })

	c := &client{url: "http://" + listener.Addr().String()}
	c.Transport = &http.Transport{}
	defer c.CloseIdleConnections()
	type response struct {
		status int
		err    error
	}
	responded := make(chan response, 1)
	go func() {
		status, _, err := c.do("POST", "/orders", "{}")
		responded <- response{status, err}
	}()
	<-entered
	require.NoError(t, s.inFlight.close(t.Context()))
	s.closeServer(t.Context())
	require.Equal(t, response{status: http.StatusCreated}, <-responded)
	s.running.Wait()
}
