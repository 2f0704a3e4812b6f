package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/local/runtimeapi"
	"orders/internal/order"
)

// testConcurrency runs several invocations at once in each function's one process, with the race detector on. The
// products service answers nobody until all of them ask it, so they are indeed at once.
func testConcurrency(t *testing.T, w *world) {
	const concurrency, rounds = 4, 5
	w.binaries = racedBinaries(t)
	meet := meeting(concurrency)
	w.asked = func(peer string) {
		if peer == "products" {
			meet()
		}
	}
	several := func(o *runtimeapi.Options) { o.Concurrency = concurrency }
	all := map[string]*runtimeapi.Function{}
	for _, name := range []string{createOrder, getOrder, onEvents, tableUpdate} {
		all[name] = w.start(t, name, several)
	}
	for range rounds {
		var walks [concurrency][]step
		for i := range walks {
			walks[i] = w.walk(t)
		}
		for i := range walks[0] {
			var failures [concurrency]error
			var atOnce sync.WaitGroup
			for j, walk := range walks {
				atOnce.Go(func() { failures[j] = walk[i].take(t.Context(), all) })
			}
			atOnce.Wait()
			require.NoError(t, errors.Join(failures[:]...))
		}
	}
	for name, f := range all {
		require.Equal(t, 1, f.Process().Number, name)
	}
	w.close()
	require.NotContains(t, w.printed.String(), "DATA RACE")
}

// meeting returns a function that returns when it has been called n times.
func meeting(n int64) func() {
	var here atomic.Int64
	all := make(chan struct{})
	return func() {
		if here.Add(1) == n {
			close(all)
		}
		<-all
	}
}

// A step is an event for a function, and a part of the answer to it.
type step struct {
	function string
	event    any
	answer   string
}

// walk is the way of a new order through all functions.
func (w *world) walk(t *testing.T) []step {
	user, o := uuid.NewString(), w.order()
	id := order.IDFor(order.PaymentToken(o.PaymentToken))
	return []step{
		{createOrder, post(t, user, o), `"statusCode":201`},
		{createOrder, post(t, user, o), `"statusCode":200`},
		{tableUpdate, map[string]any{"Records": []json.RawMessage{madeUpRecord(id, 1)}}, `{"batchItemFailures":[]}`},
		{onEvents, report("ecommerce.delivery", "DeliveryCompleted", id, map[string]any{}), `null`},
		{getOrder, get("/backend/{orderId}", "", id), `FULFILLED`},
	}
}

func (s step) take(ctx context.Context, all map[string]*runtimeapi.Function) error {
	payload, err := json.Marshal(s.event)
	if err != nil {
		return err
	}
	answer, err := all[s.function].Invoke(ctx, payload)
	if err != nil {
		return err
	}
	if !strings.Contains(string(answer), s.answer) {
		return fmt.Errorf("%s answered %s", s.function, answer)
	}
	return nil
}
