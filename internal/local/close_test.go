package local

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A silentProducts is a products API that never responds.
type silentProducts struct {
	url    string
	called chan struct{} // closed by the first request
}

func newSilentProducts(t *testing.T) *silentProducts {
	p := &silentProducts{called: make(chan struct{})}
	called := sync.OnceFunc(func() { close(p.called) }) // attempts overlap
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		called()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// A held is a body that can be read once proceed is closed.
type held struct {
	proceed <-chan struct{}
	io.Reader
}

func (h held) Read(p []byte) (int, error) {
	<-h.proceed
	return h.Reader.Read(p)
}

// hold sends an order whose body is held until proceed is closed, and returns once the service
// reads it. The channel receives a summary of the response.
func (c *client) hold(t *testing.T, proceed <-chan struct{}) (responded <-chan string) {
	t.Helper()
	body := c.get(t, "/_local/sample-order")
	reading, responses := make(chan struct{}), make(chan string, 1)
	ctx := httptrace.WithClientTrace(context.WithoutCancel(t.Context()), &httptrace.ClientTrace{Got100Continue: func() { close(reading) }})
	request, err := http.NewRequestWithContext(ctx, "POST", c.url+"/orders", held{proceed, strings.NewReader(body)})
	require.NoError(t, err)
	request.ContentLength = int64(len(body))
	request.Header.Set("Expect", "100-continue")
	go func() {
		status, text, err := c.send(request)
		whole := strings.HasPrefix(text, `{"orderId":`) && strings.HasSuffix(text, "}")
		responses <- fmt.Sprintf("status %d, whole: %t, error: %v", status, whole, err)
	}()
	select {
	case <-reading:
	case early := <-responses:
		require.Fail(t, "responded before it was read", early)
	}
	return responses
}

func TestCloseWaitsForResponses(t *testing.T) {
	s, c := start(t)
	c.signIn(t)
	proceed := make(chan struct{})
	var responses []<-chan string
	for range 5 { // few, so that even on a busy machine no check times out
		responses = append(responses, c.hold(t, proceed))
	}

	closed := make(chan error, 1)
	go func() { closed <- s.Close(t.Context()) }()
	require.Eventually(t, func() bool {
		status, _, err := c.do("GET", "/orders", "")
		return err == nil && status == http.StatusServiceUnavailable
	}, time.Minute, time.Millisecond, "new requests are rejected")
	close(proceed)
	for _, response := range responses {
		require.Equal(t, "status 201, whole: true, error: <nil>", <-response)
	}
	require.NoError(t, <-closed)
}

func TestCloseCancelsRequestsWhenItsContextEnds(t *testing.T) {
	requireNoLeaks(t)
	p := newSilentProducts(t)
	s, c := start(t, func(s *Settings) { s.ProductsURL = p.url })
	c.signIn(t)
	var done sync.WaitGroup
	body := c.get(t, "/_local/sample-order")
	done.Go(func() { _, _, _ = c.do("POST", "/orders", body) }) // its connection breaks
	<-p.called
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Close(ctx), context.Canceled)
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	require.NotContains(t, string(stacks), "apigateway.invoke", "no request outlives its service")
	done.Wait()
}
