// Package ordertest holds what tests of the orders service share: the contract of the order.Store port as a suite
// that every store must pass, sample orders, and generators of orders and requests.
package ordertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

// A Fixture is a store under test, and a way past it to the documents that it keeps.
type Fixture struct {
	Store order.Store

	// Seed stores a document under its orderId, as someone other than this service might.
	Seed func(t *testing.T, document json.RawMessage)

	// Stored is the document of an order as it is kept now, or nil if there is none.
	Stored func(t *testing.T, orderID string) json.RawMessage
}

// TestStore shows that a store keeps every promise of the port. It opens a subject for each; they may share one
// table, which may hold other orders too.
func TestStore(t *testing.T, open func(t *testing.T) Fixture) {
	promises := []struct {
		text string
		test func(*testing.T, Fixture)
	}{
		{"what was created is what is read", createdIsRead},
		{"whatever was created is what is read", anyCreatedIsRead},
		{"an order of the original platform is read", originalIsRead},
		{"an id is created once", createdOnce},
		{"an id of the original platform is not created again", originalIsNotReplaced},
		{"one of many creates at once wins", oneCreateWins},
		{"an order that does not exist is not found", noneIsNotFound},
		{"an update of no order makes none", noGhost},
		{"an update writes the progress and keeps everything else", updateKeepsTheRest},
		{"an update follows one that went before", updatesAddUp},
		{"an update sees the progress and nothing else", updateSeesProgress},
		{"an update that changes nothing writes nothing", updateOfNothing},
		{"an update that fails writes nothing", failedUpdate},
		{"an update overwrites nobody", updateOverwritesNobody},
		{"of many updates at once none is lost", noUpdateIsLost},
		{"a list is the user's own, newest first", listIsOwn},
		{"pages give every order once", pagesGiveAll},
		{"a list holds whole orders", listHoldsWholeOrders},
		{"a made-up position reaches only the caller's own", madeUpPosition},
		{"a context that has ended is unavailable", endedContext},
		{"a context that ends during an update leaves it whole", contextEndsDuringUpdate},
	}
	for _, promise := range promises {
		t.Run(promise.text, func(t *testing.T) { promise.test(t, open(t)) })
	}
}

// within is a context for one test: long enough for many retries, short enough to tell a store that waits for ever.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// requireKind demands what the port says of every error.
func requireKind(t require.TestingT, kind order.Kind, err error) {
	_, ok := errors.AsType[*order.Error](err)
	require.True(t, ok, "no *order.Error: %v", err)
	require.Equal(t, kind, order.KindOf(err))
}

// requireSame compares all that this version knows of two orders, dates as text.
func requireSame(t require.TestingT, want, got order.Order) {
	want.Document, got.Document = nil, nil
	require.Equal(t, want, got)
}

// requireStored demands that an order is kept as exactly this document.
func requireStored(t *testing.T, s Fixture, orderID string, want json.RawMessage) {
	t.Helper()
	require.Equal(t, decode(t, want), decode(t, s.Stored(t, orderID)))
}

// decode reads JSON without rounding its numbers.
func decode(t require.TestingT, document json.RawMessage) (value map[string]any) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&value), "%s", document)
	return value
}

func encode(t require.TestingT, value any) json.RawMessage {
	document, err := json.Marshal(value)
	require.NoError(t, err)
	return document
}

func create(t require.TestingT, ctx context.Context, s Fixture, o order.Order) {
	existing, err := s.Store.Create(ctx, o)
	require.NoError(t, err)
	require.Nil(t, existing, "an order with a fresh id is already there")
}

func get(t require.TestingT, ctx context.Context, s Fixture, orderID string) order.Order {
	o, err := s.Store.Get(ctx, orderID)
	require.NoError(t, err)
	return o
}
