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

// watched is a monitor of a service that has so many goroutines, each time it is asked, and then the last number.
func watched(t *testing.T, goroutines ...int) (monitor, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := min(int(asked.Add(1)), len(goroutines))
		fmt.Fprintf(w, `{"goroutines": %d, "liveHeapBytes": 4000, "peers": [{"peer": "users", "calls": 3, "hedges": 2, "retries": 1}]}`, goroutines[n-1])
	}))
	shop := newShopper(server.URL)
	t.Cleanup(func() {
		shop.close()
		server.Close()
	})
	return monitor{shopper: shop, pid: os.Getpid(), rate: 1000, start: time.Now().Add(-2 * time.Second)}, &asked
}

func TestAServiceIsWaitedForUntilItRests(t *testing.T) {
	t.Parallel()
	m, asked := watched(t, 40, 40+spareGoroutines)
	rested, err := m.rest(t.Context(), 40-spareGoroutines)
	require.NoError(t, err)
	require.Equal(t, 40, rested)
	require.EqualValues(t, 1, asked.Load())

	m, asked = watched(t, 41, 40)
	rested, err = m.rest(t.Context(), 40-spareGoroutines)
	require.NoError(t, err)
	require.Equal(t, 40, rested)
	require.EqualValues(t, 2, asked.Load())
}

func TestASampleTellsHowManyOrdersWereDue(t *testing.T) {
	m, _ := watched(t, 40)
	s, err := m.sample(t.Context())
	require.NoError(t, err)
	require.Equal(t, 40, s.goroutines)
	require.EqualValues(t, 4000, s.liveHeap)
	require.GreaterOrEqual(t, s.ordered, 2000)
}

func TestTheConditionTellsWhatWentToNeighbours(t *testing.T) {
	m, _ := watched(t, 40)
	c, err := m.condition(t.Context())
	require.NoError(t, err)
	require.Equal(t, []peerCount{{Peer: "users", Calls: 3, Hedges: 2, Retries: 1}}, c.Peers)
}
