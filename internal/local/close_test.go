package local

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/deadletter"
	"orders/internal/local/function"
)

// slowProducts is a products API that agrees to everything, but only once it is told to go on.
type slowProducts struct {
	url   string
	asked atomic.Int64
	goOn  chan struct{}
}

func newSlowProducts(t *testing.T) *slowProducts {
	p := &slowProducts{goOn: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-p.goOn:
			_, _ = io.WriteString(w, `{"message":"All products are valid"}`)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// inFlight sends that many orders, and waits until all of them hang at the products API.
func inFlight(t *testing.T, c *client, p *slowProducts, orders int) (answers []string, done *sync.WaitGroup) {
	t.Helper()
	answers, done = make([]string, orders), new(sync.WaitGroup)
	for i := range answers {
		body := c.get(t, "/_local/sample-order")
		done.Go(func() {
			status, text, err := c.do("POST", "/orders", body)
			whole := strings.HasPrefix(text, `{"orderId":`) && strings.HasSuffix(text, "}")
			answers[i] = fmt.Sprintf("status %d, whole: %t, error: %v", status, whole, err)
		})
	}
	require.Eventually(t, func() bool { return p.asked.Load() >= int64(orders) }, 3*time.Second, time.Millisecond)
	return answers, done
}

func TestEveryRequestInFlightGetsItsWholeAnswer(t *testing.T) {
	p := newSlowProducts(t)
	s, c := start(t, func(s *Settings) { s.ProductsURL = p.url })
	c.signIn(t)
	answers, done := inFlight(t, c, p, 5) // few, so that none waits for its turn longer than a check may take

	closed := make(chan error, 1)
	go func() { closed <- s.Close(t.Context()) }()
	require.Eventually(t, func() bool {
		status, _, err := c.do("GET", "/orders", "")
		return err == nil && status == http.StatusServiceUnavailable
	}, 3*time.Second, time.Millisecond, "new requests are refused")
	close(p.goOn)
	done.Wait()
	require.NoError(t, <-closed)
	for _, answer := range answers {
		require.Equal(t, "status 201, whole: true, error: <nil>", answer)
	}
}

func TestWhatIsCutShortIsToldAndEnds(t *testing.T) {
	leavesNothing(t)
	p := newSlowProducts(t)
	s, c := start(t, func(s *Settings) { s.ProductsURL = p.url })
	c.signIn(t)
	_, done := inFlight(t, c, p, 1)
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
	failing := &function.Function{Name: "on-events", Handler: &spy{err: io.ErrUnexpectedEOF}}
	s.invokeLater(failing, []byte(`{"resources":[]}`))
	closeService(t, s) // which ends its retries
	all := s.deadLetters.All()
	require.Len(t, all, 1)
	require.Equal(t, "on-events", all[0].Source)
	require.Equal(t, deadletter.ServiceStopped, all[0].Reason)
	require.JSONEq(t, `{"resources":[]}`, string(all[0].Event))
}
