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

	"orders/internal/lambdaruntime"
	"orders/internal/local/fakepeers"
	"orders/internal/order"
)

// testConcurrency runs several invocations at once in each function's one process, with the race detector on. The
// payment service answers nobody until it was asked about all their orders, so those of create-order are indeed at once.
func testConcurrency(t *testing.T, w *world) {
	const concurrency, rounds = 4, 5
	w.binaries = racedBinaries(t)
	var here atomic.Pointer[meeting]
	w.asked = func(peer string, r *http.Request) {
		if peer == "payment" {
			here.Load().join(r)
		}
	}
	several := func(o *lambdaruntime.Options) { o.Concurrency = concurrency }
	all := map[string]*lambdaruntime.Function{}
	for _, name := range []string{createOrder, getOrder, onEvents, tableUpdate} {
		all[name] = w.start(t, name, several)
	}
	for range rounds {
		var walks [concurrency][]step
		tokens := map[string]bool{}
		for i := range walks {
			o := w.order()
			walks[i], tokens[o.PaymentToken] = w.walk(t, o), true
		}
		for i := range walks[0] {
			here.Store(newMeeting(tokens))
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

// A meeting is of the invocations for some orders, in the payment service. Whoever asks about one of them waits until
// all were asked about. The same question comes more than once when its answer is late, and counts once.
type meeting struct {
	mu      sync.Mutex
	missing map[string]bool // payment tokens
	begun   chan struct{}   // closed when none is missing
}

func newMeeting(tokens map[string]bool) *meeting {
	return &meeting{missing: maps.Clone(tokens), begun: make(chan struct{})}
}

// join returns when all are here, or when whoever asks has gone.
func (m *meeting) join(r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what is missing of it, the payment service complains about
	r.Body = io.NopCloser(bytes.NewReader(body))
	var question struct{ PaymentToken string }
	_ = json.Unmarshal(body, &question)
	m.arrive(question.PaymentToken)
	select {
	case <-m.begun:
	case <-r.Context().Done():
	}
}

func (m *meeting) arrive(token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.missing[token] {
		return
	}
	delete(m.missing, token)
	if len(m.missing) == 0 {
		close(m.begun)
	}
}

// A step is an event for a function, and a part of the answer to it.
type step struct {
	function string
	event    any
	answer   string
}

// walk is the way of an order through all functions.
func (w *world) walk(t *testing.T, o fakepeers.SampleOrder) []step {
	user := uuid.NewString()
	id := order.IDFor(order.PaymentToken(o.PaymentToken))
	return []step{
		{createOrder, post(t, user, o), `"statusCode":201`},
		{createOrder, post(t, user, o), `"statusCode":200`},
		{tableUpdate, map[string]any{"Records": []json.RawMessage{madeUpRecord(id, 1)}}, `{"batchItemFailures":[]}`},
		{onEvents, report("ecommerce.delivery", "DeliveryCompleted", id, map[string]any{}), `null`},
		{getOrder, get("/backend/{orderId}", "", id), `FULFILLED`},
	}
}

func (s step) take(ctx context.Context, all map[string]*lambdaruntime.Function) error {
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
