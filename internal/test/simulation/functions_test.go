package simulation

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"orders/internal/dynamo"
	"orders/internal/dynamo/streamimage"
	"orders/internal/eventbus"
	"orders/internal/handler"
	"orders/internal/order"
)

// seams are where a test breaks something between the code under test and what surrounds it. Nil
// breaks nothing.
type seams struct {
	Input       func(input any) any                                   // what the SDK sends
	Failure     func(err error) error                                 // of an attempt, as the SDK gets it
	Store       func(order.Store) order.Store                         // of create-order, get-order and on-events
	Checker     func(order.Checker) order.Checker                     // of create-order
	Publisher   func(order.Publisher) order.Publisher                 // of table-update
	TableUpdate func(batch, answer []byte, err error) ([]byte, error) // its result
	OnEvents    func(batch, answer []byte, err error) ([]byte, error) // its result
	Metrics     func(handler.ResponseMetrics) handler.ResponseMetrics // of create-order
}

// through returns what a seam makes of a part.
func through[T any](seam func(T) T, part T) T {
	if seam == nil {
		return part
	}
	return seam(part)
}

func (h *history) service(p *process) *order.Service {
	store := through(h.seams.Store, order.Store(&dynamo.Store{Client: h.dynamo, Table: "orders"}))
	s := &order.Service{Store: labelingStore{store}, Now: p.now}
	for _, name := range peers {
		s.Checkers = append(s.Checkers, through(h.seams.Checker, order.Checker(&fakePeer{h, name})))
	}
	return s
}

// A labelingStore puts into the context of an update what the update does, because a function
// applies the updates of a batch concurrently, and their calls are told apart by their names. For
// the same reason it makes their dates differ, as they do on a clock with microseconds.
type labelingStore struct{ order.Store }

type labelKey struct{}

func (s labelingStore) Update(ctx context.Context, orderID string, change func(order.Progress) (order.Progress, error)) (bool, error) {
	before := order.Progress{OrderID: orderID, Status: order.New, ModifiedDate: order.NewDate(time.Now())}
	for _, l := range sample().lines {
		before.Lines = append(before.Lines, order.Line{ProductID: l.ProductID, Price: l.Price, Quantity: l.Quantity})
	}
	label := "unreadable"
	if after, err := change(before); err == nil {
		label = string(after.Status)
		for _, l := range after.Lines {
			label += fmt.Sprintf(" %s:%d", l.ProductID, l.Quantity)
		}
	}
	ctx = context.WithValue(ctx, labelKey{}, " ("+label+")")
	return s.Store.Update(ctx, orderID, func(before order.Progress) (order.Progress, error) {
		after, err := change(before)
		if err == nil && after.ModifiedDate != before.ModifiedDate {
			after.ModifiedDate = later(after.ModifiedDate, label)
			if after.Status != before.Status {
				after.History[len(after.History)-1].Date = after.ModifiedDate // the rise made this history
			}
		}
		return after, err
	})
}

// maxLater is by how much later returns a later date at most.
const maxLater = time.Millisecond

// later returns a date that is some microseconds later, always as many for the same label.
func later(date order.Date, label string) order.Date {
	hash := fnv.New32a()
	hash.Write([]byte(label))
	at, err := time.Parse(time.RFC3339, string(date))
	if err != nil {
		panic(err) // this service writes valid dates only
	}
	return order.NewDate(at.Add(time.Duration(hash.Sum32()) * time.Microsecond % maxLater))
}

// sample is the progress of a new order with more of every product than updates contain.
func sample() progress {
	p := progress{status: "NEW"}
	for n := 1; n <= 3; n++ {
		p.lines = append(p.lines, line{fmt.Sprintf("product-%d", n), 1, 1000})
	}
	return p
}

func (h *history) createOrder(name string, event []byte) ([]byte, error) {
	return h.invoke(name, handler.CreateOrderTimeout, func(p *process) function {
		metrics := through(h.seams.Metrics, handler.ResponseMetrics(&counter{h, p}))
		return &handler.CreateOrder{Orders: h.service(p), Metrics: metrics, Log: silent}
	}, event)
}

func (h *history) getOrder(name string, event []byte) ([]byte, error) {
	return h.invoke(name, handler.GetOrderTimeout, func(p *process) function {
		return &handler.GetOrder{Orders: h.service(p), Metrics: &counter{h, p}, Log: silent}
	}, event)
}

func (h *history) onEvents(name string, batch []byte) ([]byte, error) {
	answer, err := h.invoke(name, handler.OnEventsTimeout, func(p *process) function {
		return &handler.OnEvents{Orders: h.service(p), Metrics: &counter{h, p}, Log: silent}
	}, batch)
	if h.seams.OnEvents != nil {
		return h.seams.OnEvents(batch, answer, err)
	}
	return answer, err
}

func (h *history) tableUpdate(name string, batch []byte) ([]byte, error) {
	answer, err := h.invoke(name, handler.TableUpdateTimeout, func(p *process) function {
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

// CountResponse implements handler.ResponseMetrics.
func (c *counter) CountResponse(ctx context.Context, orderID string, _ bool, counts map[string]int64) {
	c.Count(ctx, orderID, counts)
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
