package load

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newMonitor returns a monitor of a service that reports these numbers of goroutines, one after the
// other, and then the last one. The counter counts the reports.
func newMonitor(t *testing.T, goroutines ...int) (monitor, *atomic.Int32) {
	t.Helper()
	var reports atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := min(int(reports.Add(1)), len(goroutines))
		fmt.Fprintf(w, `{"goroutines": %d, "liveHeapBytes": 4000, "peers": [{"peer": "users", "calls": 3, "hedges": 2, "retries": 1}]}`, goroutines[n-1])
	}))
	c := newClient(server.URL)
	t.Cleanup(func() {
		c.close()
		server.Close()
	})
	return monitor{client: c, pid: os.Getpid(), rate: 1000, start: time.Now().Add(-2 * time.Second)}, &reports
}

func TestTheMonitorWaitsUntilTheServiceIsAtRest(t *testing.T) {
	t.Parallel()
	m, reports := newMonitor(t, 40, 40+goroutineSlack)
	rested, err := m.rest(t.Context(), 40-goroutineSlack)
	require.NoError(t, err)
	require.Equal(t, 40, rested)
	require.EqualValues(t, 1, reports.Load())

	m, reports = newMonitor(t, 41, 40)
	rested, err = m.rest(t.Context(), 40-goroutineSlack)
	require.NoError(t, err)
	require.Equal(t, 40, rested)
	require.EqualValues(t, 2, reports.Load())
}

func TestASampleCountsTheOrdersThatWereDue(t *testing.T) {
	m, _ := newMonitor(t, 40)
	s, err := m.sample(t.Context())
	require.NoError(t, err)
	require.Equal(t, 40, s.goroutines)
	require.EqualValues(t, 4000, s.liveHeap)
	require.GreaterOrEqual(t, s.orders, 2000)
}

func TestTheStatusShowsWhatWasSentToPeers(t *testing.T) {
	m, _ := newMonitor(t, 40)
	s, err := m.status(t.Context())
	require.NoError(t, err)
	require.Equal(t, []peerCount{{Peer: "users", Calls: 3, Hedges: 2, Retries: 1}}, s.Peers)
}
