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
	for _, s := range specs() {
		synctest.Test(t, func(t *testing.T) {
			var requests atomic.Int32
			options, network := servePiped(t, func(w http.ResponseWriter, r *http.Request) {
				switch requests.Add(1) % 5 { // bodies that nobody needs must be read all the same
				case 0:
					respond(500, string(make([]byte, 100_000)))(w, r)
				case 1:
					respond(200, "<html>"+string(make([]byte, 100_000)))(w, r)
				default:
					respond(200, s.accepted)(w, r)
				}
			})
			checker := s.newCheck("http://peer.example", options)
			for range 50 {
				_ = checker.Check(inTime(t), sampleOrder())
			}
			require.GreaterOrEqual(t, requests.Load(), int32(50), s.name)
			require.EqualValues(t, 1, network.connections.Load(), s.name)
		})
	}
}

func TestChecksAreSafeForConcurrentUse(t *testing.T) {
	const goroutines = 16
	for _, s := range specs() {
		synctest.Test(t, func(t *testing.T) {
			options, network := servePiped(t, func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(20 * ms) // so that all goroutines have a request in flight
				respond(200, s.accepted)(w, r)
			})
			checker := s.newCheck("http://peer.example", options)
			var all sync.WaitGroup
			errs := make(chan error, goroutines*10)
			for range goroutines {
				all.Go(func() {
					for range 10 {
						errs <- checker.Check(inTime(t), sampleOrder())
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

// A peer may close an idle connection while the function is frozen, which shows only when the next
// request is sent.
func TestClosedConnectionIsReplaced(t *testing.T) {
	for _, s := range specs() {
		synctest.Test(t, func(t *testing.T) {
			var requests, aborted atomic.Int32
			options, network := servePiped(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if requests.Add(1) == 2 { // the second request on the first connection
					aborted.Add(1)
					panic(http.ErrAbortHandler)
				}
				respond(200, s.accepted)(w, r)
			})
			checker := s.newCheck("http://peer.example", options)
			require.NoError(t, checker.Check(inTime(t), sampleOrder()))
			require.NoError(t, checker.Check(inTime(t), sampleOrder()), s.name)
			require.EqualValues(t, 1, aborted.Load())
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

func TestEveryResponseBodyIsClosed(t *testing.T) {
	for _, s := range specs() {
		for _, status := range []int{200, 500} {
			for _, content := range []string{s.accepted, "<html>", strings.Repeat(" ", 2<<20)} {
				synctest.Test(t, func(t *testing.T) { // where no response is late, however busy the machine
					body := &closingBody{Reader: strings.NewReader(content)}
					transport := transportFunc(func(*http.Request) (*http.Response, error) {
						return &http.Response{StatusCode: status, Body: body}, nil
					})
					_ = s.newCheck("http://peer.example", Options{Transport: transport, Random: shortestBackoff}).Check(inTime(t), sampleOrder())
					require.True(t, body.closed)
				})
			}
		}
	}
}
