package simulation

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"orders/internal/dynamo"
	"orders/internal/dynamo/streamimage"
	"orders/internal/eventbus"
	"orders/internal/handler"
	"orders/internal/order"
)

const eventTimeout = 30 * time.Second

// seams are where a test breaks something between the code under test and what surrounds it. Nil
// breaks nothing.
type seams struct {
	Input       func(input any) any                                   // what the SDK sends
	Failure     func(err error) error                                 // of an attempt, as the SDK gets it
	Store       func(order.Store) order.Store                         // of create-order and on-events
	Checker     func(order.Checker) order.Checker                     // of create-order
	Publisher   func(order.Publisher) order.Publisher                 // of table-update
	TableUpdate func(batch, answer []byte, err error) ([]byte, error) // its result
	OnEvents    func(err error) error                                 // its result
	Metrics     func(handler.Metrics) handler.Metrics                 // of create-order
}

// through returns what a seam makes of a part.
func through[T any](seam func(T) T, part T) T {
	if seam == nil {
		return part
	}
	return seam(part)
}

func (h *history) service(p *process) *order.Service {
	s := &order.Service{Store: through(h.seams.Store, order.Store(&dynamo.Store{Client: h.dynamo, Table: "orders"})), Now: p.now}
	for _, name := range peers {
		s.Checkers = append(s.Checkers, through(h.seams.Checker, order.Checker(&fakePeer{h, name})))
	}
	return s
}

func (h *history) createOrder(name string, event []byte) ([]byte, error) {
	return h.invoke(name, createTimeout, func(p *process) function {
		metrics := through(h.seams.Metrics, handler.Metrics(&counter{h, p}))
		return &handler.CreateOrder{Orders: h.service(p), Metrics: metrics, Log: silent}
	}, event)
}

func (h *history) getOrder(name string, event []byte) ([]byte, error) {
	return h.invoke(name, getTimeout, func(p *process) function {
		return &handler.GetOrder{Orders: h.service(p), Metrics: &counter{h, p}, Log: silent}
	}, event)
}

// onEvents is the target of fulfilment updates.
func (h *history) onEvents(attempt string, e event) error {
	_, err := h.invoke(attempt, eventTimeout, func(p *process) function {
		return &handler.OnEvents{Orders: h.service(p), Metrics: &counter{h, p}, Log: silent}
	}, encode(e))
	return through(h.seams.OnEvents, err)
}

func (h *history) tableUpdate(name string, batch []byte) ([]byte, error) {
	answer, err := h.invoke(name, eventTimeout, func(p *process) function {
		return &handler.TableUpdate{
			Publisher:   through(h.seams.Publisher, order.Publisher(&eventbus.Publisher{Client: h.eventBridge, Bus: "orders-bus", Jitter: p.random.Float64})),
			Image:       streamimage.Parse,
			TraceHeader: func(context.Context) string { return "" },
			Log:         silent,
		}
	}, batch)
	if h.seams.TableUpdate != nil {
		return h.seams.TableUpdate(batch, answer, err)
	}
	return answer, err
}

var silent = slog.New(slog.DiscardHandler)

// A counter records what a process counts.
type counter struct {
	history *history
	process *process
}

// A count is what one process counted for one order.
type count struct {
	process string
	orderID string
	metric  string
	n       int64
}

// counts are what all processes counted.
type counts struct {
	mu  sync.Mutex
	all []count
}

// Count implements handler.Metrics. A process that has ended counts nothing.
func (c *counter) Count(_ context.Context, orderID string, values map[string]int64) {
	if c.process.dead() {
		return
	}
	c.history.counts.mu.Lock()
	defer c.history.counts.mu.Unlock()
	for metric, n := range values {
		c.history.counts.all = append(c.history.counts.all, count{c.process.name, orderID, metric, n})
	}
}

// of returns the sum of the named metrics for an order.
func (c *counts) of(orderID string, metrics ...string) (sum int64) {
	for _, counted := range c.all {
		for _, metric := range metrics {
			if counted.orderID == orderID && counted.metric == metric {
				sum += counted.n
			}
		}
	}
	return sum
}
