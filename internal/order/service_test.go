package order_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// morning is the time of a new test service's clock, with more digits than a date has.
var morning = time.Date(2026, 1, 23, 10, 53, 49, 131052789, time.UTC)

// A testService is the service over the memory store, whose calls it records and whose faults it
// injects.
type testService struct {
	*order.Service
	store *memory.Store

	mu     sync.Mutex
	calls  []memory.Op
	faults map[memory.Op]memory.Fault
}

func newTestService(checkers ...*fakeChecker) *testService {
	s := &testService{faults: map[memory.Op]memory.Fault{}}
	s.store = &memory.Store{Faults: func(op memory.Op, _ string) memory.Fault {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.calls = append(s.calls, op)
		return s.faults[op]
	}}
	s.Service = &order.Service{Store: s.store, Now: func() time.Time { return morning }}
	for _, c := range checkers {
		s.Checkers = append(s.Checkers, c)
	}
	return s
}

// writes returns the event name of each record of the store's stream.
func (s *testService) writes(t require.TestingT) []string {
	const end = "end" // an order that marks it: reading an empty stream would wait
	require.NoError(t, s.store.Put(context.Background(), json.RawMessage(`{"orderId":"`+end+`"}`)))
	records, err := s.store.Records(context.Background(), "", 1000)
	require.NoError(t, err)
	names := []string{}
	for _, r := range records {
		if r.OrderID != end {
			names = append(names, r.EventName)
		}
	}
	return names
}

// A fakeChecker returns the result it is given, and records what it checked.
type fakeChecker struct {
	mu      sync.Mutex
	result  func(ctx context.Context) error // nil accepts everything
	checked []order.Order
	running int // checks that have not returned yet
}

func (*fakeChecker) Peer() string { return "fake" }

func (c *fakeChecker) Check(ctx context.Context, o order.Order) error {
	result := c.begin(o)
	defer c.end()
	if result == nil {
		return nil
	}
	return result(ctx)
}

func (c *fakeChecker) begin(o order.Order) func(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checked = append(c.checked, o)
	c.running++
	return c.result
}

func (c *fakeChecker) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
}

// returning returns a checker that always returns err.
func returning(err error) *fakeChecker {
	return &fakeChecker{result: func(context.Context) error { return err }}
}

// requestFor returns a request for o, with changes made to its JSON.
func requestFor(t require.TestingT, o order.Order, edits ...func(body map[string]any)) order.Request {
	var body map[string]any
	require.NoError(t, json.Unmarshal(ordertest.Request(o), &body))
	for _, edit := range edits {
		edit(body)
	}
	text, err := json.Marshal(body)
	require.NoError(t, err)
	r, err := order.ParseRequest(text)
	require.NoError(t, err)
	return r
}

func line(body map[string]any, i int) map[string]any {
	return body["products"].([]any)[i].(map[string]any)
}

// withoutDocument returns an order without the document that a store adds.
func withoutDocument(o order.Order) order.Order {
	o.Document = nil
	return o
}

func TestCreateStoresExactlyTheNormalisedOrder(t *testing.T) {
	o := ordertest.Sample(func(o *order.Order) {
		o.CreatedDate, o.ModifiedDate = "2026-01-23T10:53:49.131052Z", "2026-01-23T10:53:49.131052Z"
	})
	request := requestFor(t, o, func(body map[string]any) {
		body["userId"], body["status"], body["orderId"], body["total"] = "someone else", "FULFILLED", "mine", o.Total
		line(body, 2)["color"] = "red"
		delete(line(body, 2), "quantity") // the sample's last product has quantity 1
	})
	checkers := []*fakeChecker{{}, {}}
	s := newTestService(checkers...)

	stored, replayed, err := s.Create(t.Context(), o.UserID, request)
	require.NoError(t, err)
	require.False(t, replayed)
	require.Equal(t, o, stored)
	require.Equal(t, order.IDFor(o.PaymentToken), stored.OrderID)
	for _, n := range checkers {
		require.Equal(t, []order.Order{o}, n.checked, "every checker gets the order as it will be stored")
	}
	changes, err := s.store.Records(t.Context(), "", 10)
	require.NoError(t, err)
	require.Len(t, changes, 1)
	want, err := json.Marshal(o)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(changes[0].NewImage))
}

func TestCreateWithoutAClockIsDatedNow(t *testing.T) {
	s := &order.Service{Store: &memory.Store{}}
	before := order.NewDate(time.Now())
	o, _, err := s.Create(t.Context(), "user", requestFor(t, ordertest.Sample()))
	require.NoError(t, err)
	require.LessOrEqual(t, before, o.CreatedDate)
	require.GreaterOrEqual(t, order.NewDate(time.Now()), o.CreatedDate)
}

func TestAWrongTotalIsRejectedBeforeAnyCheck(t *testing.T) {
	n := &fakeChecker{}
	s := newTestService(n)
	request := requestFor(t, ordertest.Sample(), func(body map[string]any) { body["total"] = 1 })
	_, _, err := s.Create(t.Context(), "user", request)
	require.Equal(t, &order.Error{Kind: order.Rejected, Message: "Validation errors", Details: []string{"Wrong total: got 1, expected 8448"}}, err)
	require.Empty(t, n.checked)
	require.Empty(t, s.calls)
}

func TestCreateReturnsTheStoresError(t *testing.T) {
	s := newTestService()
	s.faults[memory.OpCreate] = memory.FailBefore
	_, _, err := s.Create(t.Context(), "user", requestFor(t, ordertest.Sample()))
	require.Equal(t, order.Unavailable, order.KindOf(err))
	require.Empty(t, s.writes(t))
}
