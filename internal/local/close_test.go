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

	"orders/internal/local/lambda"
	"orders/internal/local/sqs"
)

// silentProducts is a products API that never answers.
type silentProducts struct {
	url   string
	asked chan struct{} // closed when it is asked for the first time
}

func newSilentProducts(t *testing.T) *silentProducts {
	p := &silentProducts{asked: make(chan struct{})}
	tell := sync.OnceFunc(func() { close(p.asked) }) // a late answer is asked for twice
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		tell()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// A held body is one that comes only once it may.
type held struct {
	goOn <-chan struct{}
	io.Reader
}

func (h held) Read(p []byte) (int, error) {
	<-h.goOn
	return h.Reader.Read(p)
}

// hold sends an order whose body is held until goOn is closed, and returns when the service has begun to read it. The
// answer is told in words.
func (c *client) hold(t *testing.T, goOn <-chan struct{}) (answered <-chan string) {
	t.Helper()
	body := c.get(t, "/_local/sample-order")
	reading, answers := make(chan struct{}), make(chan string, 1)
	ctx := httptrace.WithClientTrace(context.WithoutCancel(t.Context()), &httptrace.ClientTrace{Got100Continue: func() { close(reading) }})
	request, err := http.NewRequestWithContext(ctx, "POST", c.url+"/orders", held{goOn, strings.NewReader(body)})
	require.NoError(t, err)
	request.ContentLength = int64(len(body))
	request.Header.Set("Expect", "100-continue")
	go func() {
		status, text, err := c.send(request)
		whole := strings.HasPrefix(text, `{"orderId":`) && strings.HasSuffix(text, "}")
		answers <- fmt.Sprintf("status %d, whole: %t, error: %v", status, whole, err)
	}()
	select {
	case <-reading:
	case early := <-answers:
		require.Fail(t, "answered before it was read", early)
	}
	return answers
}

func TestEveryRequestInFlightGetsItsWholeAnswer(t *testing.T) {
	s, c := start(t)
	c.signIn(t)
	goOn := make(chan struct{})
	var answers []<-chan string
	for range 5 { // few, so that on a busy machine none waits for its turn longer than a check may take
		answers = append(answers, c.hold(t, goOn))
	}

	closed := make(chan error, 1)
	go func() { closed <- s.Close(t.Context()) }()
	require.Eventually(t, func() bool {
		status, _, err := c.do("GET", "/orders", "")
		return err == nil && status == http.StatusServiceUnavailable
	}, time.Minute, time.Millisecond, "new requests are refused")
	close(goOn)
	for _, answer := range answers {
		require.Equal(t, "status 201, whole: true, error: <nil>", <-answer)
	}
	require.NoError(t, <-closed)
}

func TestWhatIsCutShortIsToldAndEnds(t *testing.T) {
	leavesNothing(t)
	p := newSilentProducts(t)
	s, c := start(t, func(s *Settings) { s.ProductsURL = p.url })
	c.signIn(t)
	var done sync.WaitGroup
	body := c.get(t, "/_local/sample-order")
	done.Go(func() { _, _, _ = c.do("POST", "/orders", body) }) // its connection breaks
	<-p.asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Close(ctx), context.Canceled)
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	require.NotContains(t, string(stacks), "(*gateway).invoke", "no request outlives its service")
	done.Wait()
}

func TestAnAsynchronousInvocationThatFailsBecomesADeadLetter(t *testing.T) {
	s, _ := start(t)
	failing := &lambda.Function{Name: "on-events", Handler: failingHandler{}}
	s.invokeLater(failing, []byte(`{"resources":[]}`))
	closeService(t, s) // which ends its retries
	all := s.deadLetters.All()
	require.Len(t, all, 1)
	require.Equal(t, "on-events", all[0].Source)
	require.Equal(t, sqs.ServiceStopped, all[0].Reason)
	require.JSONEq(t, `{"resources":[]}`, string(all[0].Event))
}

type failingHandler struct{}

func (failingHandler) Invoke(context.Context, []byte) ([]byte, error) {
	return nil, io.ErrUnexpectedEOF
}
