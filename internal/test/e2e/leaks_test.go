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
	"orders/internal/test/testworld"
)

// testLeaks runs every function some hundred times, with failures in between, and then counts what
// is left open.
func testLeaks(t *testing.T, d *deployment) {
	const times = 300
	user := uuid.NewString()
	create, read := d.Start(t, testworld.CreateOrder), d.Start(t, testworld.GetOrder)
	apply, update := d.Start(t, testworld.OnEvents), d.Start(t, testworld.TableUpdate)
	for i := range times {
		if i%50 == 0 {
			d.Bus.FailOnce(testworld.InternalError)
			d.Table.FailOnce(testworld.Reset)
		}
		created := request(t, create, testworld.Post(user, d.order()))
		require.Equal(t, http.StatusCreated, created.StatusCode)
		id := created.json(t)["orderId"].(string)
		require.Equal(t, http.StatusOK, request(t, read, testworld.Get("/orders/{orderId}", user, id)).StatusCode)
		_, err := invoke(t, apply, testworld.FulfilmentUpdate("ecommerce.warehouse", "PackagingFailed", map[string]any{}, id))
		require.NoError(t, err)
		_, records := newOrders(20) // two requests at once
		require.Empty(t, publish(t, update, records))
	}
	// Idle connections are kept for reuse: as many as an invocation needs at once.
	require.LessOrEqual(t, d.Peers.Open.Load(), int64(2*4))
	require.LessOrEqual(t, d.Table.Open.Load(), int64(2*3))
	require.LessOrEqual(t, d.Bus.Open.Load(), int64(2*2))
	for _, f := range []*lambdaruntime.Function{create, read, apply, update} {
		require.Equal(t, 1, f.Process().Number)
		requireIdle(t, d, f)
	}
	allClosed := func() bool { return d.Peers.Open.Load()+d.Table.Open.Load()+d.Bus.Open.Load() == 0 }
	require.Eventually(t, allClosed, time.Minute, time.Millisecond)
}

// requireIdle makes the function's process dump its goroutines and end. None may handle an
// invocation, and there may be no more of them than the idle connections need.
func requireIdle(t *testing.T, d *deployment, f *lambdaruntime.Function) {
	t.Helper()
	before := len(d.Log.String())
	require.NoError(t, syscall.Kill(f.Process().PID, syscall.SIGQUIT))
	require.Eventually(t, func() bool { return !f.Process().Ended.IsZero() }, time.Minute, time.Millisecond)
	dump := d.Log.String()[before:]
	require.Contains(t, dump, "SIGQUIT")
	dump = strings.ReplaceAll(dump, "orders/internal/function", "") // in the stack of the main goroutine
	require.NotContains(t, dump, "orders/internal/")
	ofRuntime := strings.Count(dump, "created by runtime.")
	require.LessOrEqual(t, strings.Count(dump, "created by ")-ofRuntime, 2*(2*5+1), "two for each connection that may be kept:\n%s", dump)
}
