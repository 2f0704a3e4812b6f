// Package ordertest is what tests of the orders service share: the contract of order.Store as a
// test suite that every store must pass, sample orders, and generators of orders and requests.
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

// A Fixture is a store under test, with access past it to the documents that it keeps.
type Fixture struct {
	Store order.Store

	// Seed stores a document under its orderId, as other programs might.
	Seed func(t *testing.T, document json.RawMessage)

	// Stored returns the document of an order as it is kept now, or nil if there is none.
	Stored func(t *testing.T, orderID string) json.RawMessage
}

// TestStore requires that a store keeps the contract of [order.Store]. It opens a fixture for each
// part of it; they may share one table, which may hold other orders too.
func TestStore(t *testing.T, open func(t *testing.T) Fixture) {
	requirements := []struct {
		text string
		test func(*testing.T, Fixture)
	}{
		{"a created order is read", createdIsRead},
		{"any created order is read", anyCreatedIsRead},
		{"an order of the original platform is read", originalIsRead},
		{"an ID is created once", createdOnce},
		{"an ID of the original platform is not created again", originalIsNotReplaced},
		{"one of many concurrent creates wins", oneCreateWins},
		{"an order that does not exist is not found", noneIsNotFound},
		{"an update creates no order", noGhost},
		{"an update writes the progress and keeps everything else", updateKeepsTheRest},
		{"an update sees the one before", updatesAddUp},
		{"an update reads the progress and nothing else", updateSeesProgress},
		{"an update that changes nothing writes nothing", updateOfNothing},
		{"an update that fails writes nothing", failedUpdate},
		{"an update overwrites no other writer", updateOverwritesNobody},
		{"none of many concurrent updates is lost", noUpdateIsLost},
		{"a list is the user's own, newest first", listIsOwn},
		{"pages hold every order once", pagesGiveAll},
		{"a list holds whole orders", listHoldsWholeOrders},
		{"a made-up position reaches only the caller's own", madeUpPosition},
		{"lists by status hold every order of that status once", listsByStatus},
		{"every rise is recorded in the history", risesAreRecorded},
		{"unexpected histories are preserved", unexpectedHistories},
		{"reading is lenient", readingIsLenient},
		{"an unreadable item hides nothing", unreadableHidesNothing},
		{"any date and ID make a position", anyPositionWorks},
		{"absent attributes are guarded", absentIsGuarded},
		{"an ended context is unavailable", endedContext},
		{"an update is whole or not written if its context ends", contextEndsDuringUpdate},
	}
	for _, requirement := range requirements {
		t.Run(requirement.text, func(t *testing.T) { requirement.test(t, open(t)) })
	}
}

// within returns a context for one test: long enough for many retries, short enough to detect a
// hang.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// requireKind requires an *order.Error of this kind.
func requireKind(t require.TestingT, kind order.Kind, err error) {
	_, ok := errors.AsType[*order.Error](err)
	require.True(t, ok, "not an *order.Error: %v", err)
	require.Equal(t, kind, order.KindOf(err))
}

// requireSame compares all that this version knows of two orders, dates as strings.
func requireSame(t require.TestingT, want, got order.Order) {
	want.Document, got.Document = nil, nil
	require.Equal(t, want, got)
}

// requireStored requires that an order is kept as exactly this document.
func requireStored(t *testing.T, s Fixture, orderID string, want json.RawMessage) {
	t.Helper()
	require.Equal(t, decode(t, want), decode(t, s.Stored(t, orderID)))
}

// decode decodes JSON without rounding its numbers.
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
	require.Nil(t, existing, "an order with a fresh ID already exists")
}

func get(t require.TestingT, ctx context.Context, s Fixture, orderID string) order.Order {
	o, err := s.Store.Get(ctx, orderID)
	require.NoError(t, err)
	return o
}
