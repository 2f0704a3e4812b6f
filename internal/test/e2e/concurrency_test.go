package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/dynamo/streamimage/streamtest"
	"orders/internal/lambdaruntime"
	"orders/internal/local/fakepeers"
	"orders/internal/order"
	"orders/internal/test/testworld"
)

// testConcurrency runs several invocations at once in the one process of each function, with the
// race detector. The payment service responds to none of a round's creates until it has received
// all of them, so they do run at once.
func testConcurrency(t *testing.T, d *deployment) {
	const concurrency, rounds = 4, 5
	d.Binaries = testworld.RacedBinaries(t)
	var current atomic.Pointer[barrier]
	d.beforeCheck = func(api string, r *http.Request) {
		if api == "PaymentApi" {
			current.Load().wait(r)
		}
	}
	functions := map[string]*lambdaruntime.Function{}
	for _, name := range testworld.Functions() {
		functions[name] = d.Start(t, name, func(o *lambdaruntime.Options) { o.Concurrency = concurrency })
	}
	for range rounds {
		var journeys [concurrency][]step
		tokens := map[string]bool{}
		for i := range journeys {
			o := d.order()
			journeys[i], tokens[o.PaymentToken] = journey(o), true
		}
		for i := range journeys[0] {
			current.Store(newBarrier(tokens))
			var failures [concurrency]error
			var running sync.WaitGroup
			for j, journey := range journeys {
				running.Go(func() { failures[j] = journey[i].run(t.Context(), functions) })
			}
			running.Wait()
			require.NoError(t, errors.Join(failures[:]...))
		}
	}
	for name, f := range functions {
		require.Equal(t, 1, f.Process().Number, name)
	}
	d.Close(t)
	require.NotContains(t, d.Log.String(), "DATA RACE")
}

// A barrier holds back the payment checks of some orders until all of them have arrived. The check
// of one order may arrive more than once, because a slow attempt is retried, and counts once.
type barrier struct {
	mu      sync.Mutex
	missing map[string]bool // payment tokens
	open    chan struct{}   // closed when none is missing
}

func newBarrier(tokens map[string]bool) *barrier {
	return &barrier{missing: maps.Clone(tokens), open: make(chan struct{})}
}

// wait returns when all checks have arrived, or when the sender of this one has gone.
func (b *barrier) wait(r *http.Request) {
	body, _ := io.ReadAll(r.Body) // if a part is missing, the payment service rejects the rest
	r.Body = io.NopCloser(bytes.NewReader(body))
	var check struct{ PaymentToken string }
	_ = json.Unmarshal(body, &check)
	b.arrive(check.PaymentToken)
	select {
	case <-b.open:
	case <-r.Context().Done():
	}
}

func (b *barrier) arrive(token string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.missing[token] {
		return
	}
	delete(b.missing, token)
	if len(b.missing) == 0 {
		close(b.open)
	}
}

// A step is an event for a function, and a part of the response to it.
type step struct {
	function string
	event    any
	response string
}

// journey takes an order through all functions.
func journey(o fakepeers.SampleOrder) []step {
	user := uuid.NewString()
	id := order.IDFor(order.PaymentToken(o.PaymentToken))
	return []step{
		{testworld.CreateOrder, testworld.Post(user, o), `"statusCode":201`},
		{testworld.CreateOrder, testworld.Post(user, o), `"statusCode":200`},
		{testworld.TableUpdate, streamtest.Event(newOrder(id, 1)), `{"batchItemFailures":[]}`},
		{testworld.OnEvents, testworld.FulfilmentUpdate("ecommerce.delivery", "DeliveryCompleted", map[string]any{}, id), `null`},
		{testworld.GetOrder, testworld.Get("/backend/{orderId}", "", id), `FULFILLED`},
	}
}

func (s step) run(ctx context.Context, functions map[string]*lambdaruntime.Function) error {
	response, err := functions[s.function].Invoke(ctx, testworld.Encode(s.event))
	if err != nil {
		return err
	}
	if !strings.Contains(string(response), s.response) {
		return fmt.Errorf("%s responded %s", s.function, response)
	}
	return nil
}
