package peer

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

func TestConnectionsAreKept(t *testing.T) {
	for _, s := range subjects() {
		synctest.Test(t, func(t *testing.T) {
			var requests atomic.Int32
			calls, network := servePiped(t, func(w http.ResponseWriter, r *http.Request) {
				switch requests.Add(1) % 5 { // answers that nobody wants to read must be read all the same
				case 0:
					answering(500, string(make([]byte, 100_000)))(w, r)
				case 1:
					answering(200, "<html>"+string(make([]byte, 100_000)))(w, r)
				default:
					answering(200, s.yes)(w, r)
				}
			})
			checker := s.make("http://peer.example", calls)
			for range 50 {
				_ = checker.Check(t.Context(), anOrder())
			}
			require.GreaterOrEqual(t, requests.Load(), int32(50), s.name)
			require.EqualValues(t, 1, network.connections.Load(), s.name)
		})
	}
}

func TestAllChecksAtOnceFromManyGoroutines(t *testing.T) {
	const goroutines = 16
	for _, s := range subjects() {
		synctest.Test(t, func(t *testing.T) {
			calls, network := servePiped(t, func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(20 * ms) // so that all goroutines are under way at once
				answering(200, s.yes)(w, r)
			})
			checker := s.make("http://peer.example", calls)
			var all sync.WaitGroup
			errs := make(chan error, goroutines*10)
			for range goroutines {
				all.Go(func() {
					for range 10 {
						errs <- checker.Check(t.Context(), anOrder())
					}
				})
			}
			all.Wait()
			close(errs)
			for err := range errs {
				require.NoError(t, err)
			}
			require.EqualValues(t, goroutines, network.connections.Load(), "connections are not kept")
		})
	}
}

// A peer may close a kept connection while this service is frozen, which shows only when the next request is sent.
func TestAConnectionThatWasClosedMeanwhileIsReplaced(t *testing.T) {
	for _, s := range subjects() {
		synctest.Test(t, func(t *testing.T) {
			var requests, lost atomic.Int32
			calls, network := servePiped(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if requests.Add(1) == 2 { // the second request on the first connection
					lost.Add(1)
					panic(http.ErrAbortHandler)
				}
				answering(200, s.yes)(w, r)
			})
			checker := s.make("http://peer.example", calls)
			require.NoError(t, checker.Check(t.Context(), anOrder()))
			require.NoError(t, checker.Check(t.Context(), anOrder()), s.name)
			require.EqualValues(t, 1, lost.Load())
			require.EqualValues(t, 2, network.connections.Load())
			require.Zero(t, StatsOf([]order.Checker{checker})[0].Retries, "http.Transport does it, at once")
		})
	}
}

type closingBody struct {
	io.Reader
	closed bool
}

func (b *closingBody) Close() error { b.closed = true; return nil }

func TestEveryAnswerIsClosed(t *testing.T) {
	for _, s := range subjects() {
		for _, status := range []int{200, 500} {
			for _, content := range []string{s.yes, "<html>", strings.Repeat(" ", 2<<20)} {
				synctest.Test(t, func(t *testing.T) { // where no answer is late, however busy the machine
					body := &closingBody{Reader: strings.NewReader(content)}
					transport := transportFunc(func(*http.Request) (*http.Response, error) {
						return &http.Response{StatusCode: status, Body: body}, nil
					})
					_ = s.make("http://peer.example", Calls{Transport: transport, Random: atOnce}).Check(t.Context(), anOrder())
					require.True(t, body.closed)
				})
			}
		}
	}
}
