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

// morning is what the clock of a new shop says, to more digits than a date has.
var morning = time.Date(2026, 1, 23, 10, 53, 49, 131052789, time.UTC)

// A shop is the service over a store in memory. What its store is asked for is noted, and can be made to fail.
type shop struct {
	*order.Service
	store *memory.Store

	mu     sync.Mutex
	asked  []memory.Op
	faults map[memory.Op]memory.Fault
}

func newShop(neighbours ...*neighbour) *shop {
	s := &shop{faults: map[memory.Op]memory.Fault{}}
	s.store = &memory.Store{Faults: func(op memory.Op, _ string) memory.Fault {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked = append(s.asked, op)
		return s.faults[op]
	}}
	s.Service = &order.Service{Store: s.store, Now: func() time.Time { return morning }}
	for _, n := range neighbours {
		s.Checkers = append(s.Checkers, n)
	}
	return s
}

// writes is what the store's feed tells, one name a change.
func (s *shop) writes(t require.TestingT) []string {
	const end = "end" // the order of nobody that marks it: an empty feed would let its reader wait
	require.NoError(t, s.store.Put(context.Background(), json.RawMessage(`{"orderId":"`+end+`"}`)))
	changes, err := s.store.Records(context.Background(), "", 1000)
	require.NoError(t, err)
	names := []string{}
	for _, c := range changes {
		if c.OrderID != end {
			names = append(names, c.EventName)
		}
	}
	return names
}

// A neighbour is a checker that says what it is told to, and remembers what it was asked.
type neighbour struct {
	mu    sync.Mutex
	says  func(ctx context.Context) error // nil agrees with everything
	asked []order.Order
	busy  int // questions not yet answered
}

func (n *neighbour) Check(ctx context.Context, o order.Order) error {
	says := n.begin(o)
	defer n.end()
	if says == nil {
		return nil
	}
	return says(ctx)
}

func (n *neighbour) begin(o order.Order) func(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, o)
	n.busy++
	return n.says
}

func (n *neighbour) end() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.busy--
}

// saying is a neighbour that always answers the same.
func saying(err error) *neighbour {
	return &neighbour{says: func(context.Context) error { return err }}
}

// requestFor is a request for o, with changes made to its JSON.
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

// plain is an order without the document that a store adds.
func plain(o order.Order) order.Order {
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
		delete(line(body, 2), "quantity") // the sample's last product is wanted once
	})
	neighbours := []*neighbour{{}, {}}
	s := newShop(neighbours...)

	stored, replayed, err := s.Create(t.Context(), o.UserID, request)
	require.NoError(t, err)
	require.False(t, replayed)
	require.Equal(t, o, stored)
	require.Equal(t, order.IDFor(o.PaymentToken), stored.OrderID)
	for _, n := range neighbours {
		require.Equal(t, []order.Order{o}, n.asked, "every neighbour is asked about the order as it will be stored")
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

func TestAWrongTotalIsRefusedBeforeAnyoneIsAsked(t *testing.T) {
	n := &neighbour{}
	s := newShop(n)
	request := requestFor(t, ordertest.Sample(), func(body map[string]any) { body["total"] = 1 })
	_, _, err := s.Create(t.Context(), "user", request)
	require.Equal(t, &order.Error{Kind: order.Rejected, Message: "Validation errors", Details: []string{"Wrong total: got 1, expected 8448"}}, err)
	require.Empty(t, n.asked)
	require.Empty(t, s.asked)
}

func TestCreateTellsOfAStoreThatFails(t *testing.T) {
	s := newShop()
	s.faults[memory.OpCreate] = memory.FailBefore
	_, _, err := s.Create(t.Context(), "user", requestFor(t, ordertest.Sample()))
	require.Equal(t, order.Unavailable, order.KindOf(err))
	require.Empty(t, s.writes(t))
}
