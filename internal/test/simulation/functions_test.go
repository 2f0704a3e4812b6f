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

// seams are where a test may put something broken between the code under test and the world. Nil leaves it whole.
type seams struct {
	Input       func(input any) any                                   // what the SDK is about to send
	Failure     func(err error) error                                 // of an attempt, for the SDK
	Store       func(order.Store) order.Store                         // of create-order and on-events
	Checker     func(order.Checker) order.Checker                     // of create-order
	Publisher   func(order.Publisher) order.Publisher                 // of table-update
	TableUpdate func(batch, answer []byte, err error) ([]byte, error) // its answer
	OnEvents    func(err error) error                                 // its answer
	Metrics     func(handler.Metrics) handler.Metrics                 // of create-order
}

// through is what a seam makes of a part.
func through[T any](seam func(T) T, part T) T {
	if seam == nil {
		return part
	}
	return seam(part)
}

func (h *history) service(p *process) *order.Service {
	s := &order.Service{Store: through(h.seams.Store, order.Store(&dynamo.Store{Client: h.dynamo, Table: "orders"})), Now: p.now}
	for _, name := range neighbours {
		s.Checkers = append(s.Checkers, through(h.seams.Checker, order.Checker(&neighbour{h, name})))
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
		return &handler.GetOrder{Orders: h.service(p), Log: silent}
	}, event)
}

// onEvents is the target of warehouse's and delivery's events.
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

// A counter writes down what a process counts.
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

// counts is what all processes counted.
type counts struct {
	mu  sync.Mutex
	all []count
}

// Count is handler.Metrics'. A process that has ended counts nothing any more.
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

// of is the sum of the metrics for an order, whose names are given.
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
