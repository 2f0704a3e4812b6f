//go:build unix

package e2e

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
)

// testLeaks runs every function some hundred times, with failures in between, and then looks at what is left.
func testLeaks(t *testing.T, w *world) {
	const times = 300
	user := uuid.NewString()
	create, read, follow, update := w.start(t, createOrder), w.start(t, getOrder), w.start(t, onEvents), w.start(t, tableUpdate)
	for i := range times {
		if i%50 == 0 {
			w.events.failOnce(breakDown)
			w.database.failOnce(reset)
		}
		created := ask(t, create, post(t, user, w.order()))
		require.Equal(t, http.StatusCreated, created.StatusCode)
		id := created.json(t)["orderId"].(string)
		require.Equal(t, http.StatusOK, ask(t, read, get("/orders/{orderId}", user, id)).StatusCode)
		_, err := invoke(t, follow, report("ecommerce.warehouse", "PackagingFailed", id, map[string]any{}))
		require.NoError(t, err)
		_, records := newOrders(20) // two requests at once
		require.Empty(t, announce(t, update, records))
	}
	// What is kept open, to be used again: as many connections as an invocation needs at once.
	require.LessOrEqual(t, w.peers.open.Load(), int64(2*4))
	require.LessOrEqual(t, w.database.open.Load(), int64(2*3))
	require.LessOrEqual(t, w.events.open.Load(), int64(2*2))
	for _, f := range []*lambdaruntime.Function{create, read, follow, update} {
		require.Equal(t, 1, f.Process().Number)
		requireIdle(t, w, f)
	}
	allClosed := func() bool { return w.peers.open.Load()+w.database.open.Load()+w.events.open.Load() == 0 }
	require.Eventually(t, allClosed, time.Minute, time.Millisecond)
}

// requireIdle has the function's process print its goroutines, of which it dies: there must be none that handles an
// invocation, and no more in all than kept connections need.
func requireIdle(t *testing.T, w *world, f *lambdaruntime.Function) {
	t.Helper()
	before := len(w.printed.String())
	require.NoError(t, syscall.Kill(f.Process().PID, syscall.SIGQUIT))
	require.Eventually(t, func() bool { return !f.Process().Ended.IsZero() }, time.Minute, time.Millisecond)
	dump := w.printed.String()[before:]
	require.Contains(t, dump, "SIGQUIT")
	require.NotContains(t, dump, "orders/internal/")
	ofRuntime := strings.Count(dump, "created by runtime.")
	require.LessOrEqual(t, strings.Count(dump, "created by ")-ofRuntime, 2*(2*5+1), "two for each connection that may be kept:\n%s", dump)
}
