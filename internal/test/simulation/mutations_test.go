package simulation

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/order"
)

// maxHistories is how many histories it may take to find a break.
const maxHistories = 400

// A mutation breaks the code under test.
type mutation struct {
	name    string
	seams   seams
	symptom string // one of these must be in what the oracle finds
}

func mutations() []mutation {
	return []mutation{
		{"the write of a new order has no condition", seams{Input: dropCreateCondition}, "the order was stored before|fulfilment must not change|no update explains it|got an order that was never like this"},
		{"an update has no guard", seams{Input: dropUpdateGuard}, "no update explains it|modifiedDate does not rise|expected"},
		{"an update is guarded by the status alone", seams{Input: guardByStatusAlone}, "no update explains it|modifiedDate does not rise|expected"},
		{"a lost response counts as a rejected attempt", seams{Failure: refuse}, "but not counted|stored the order, but got"},
		{"a replay counts as created", seams{Store: func(s order.Store) order.Store { return replayingStore{s} }}, "counted 2 times|counted 3 times"},
		{"a status falls", seams{Store: func(s order.Store) order.Store { return fallingStatusStore{s} }}, "no update explains it"},
		{"the total does not change", seams{Store: func(s order.Store) order.Store { return staleTotalStore{s} }}, "wrong total"},
		{"the modifiedDate does not change", seams{Store: func(s order.Store) order.Store { return frozenDateStore{s} }}, "modifiedDate does not rise"},
		{"a rise is not recorded in the history", seams{Store: func(s order.Store) order.Store { return forgetfulStore{s} }}, "the history does not record it"},
		{"a failed check counts as accepted", seams{Checker: func(c order.Checker) order.Checker { return failOpenChecker{c} }}, "checks accepted"},
		{"a failed entry is ignored", seams{Publisher: func(p order.Publisher) order.Publisher { return onceOnlyPublisher{p} }}, "never published"},
		{"events of one order overtake each other", seams{Publisher: func(p order.Publisher) order.Publisher { return reversingPublisher{p} }}, "published before"},
		{"events are published with the wrong image", seams{Publisher: func(p order.Publisher) order.Publisher { return wrongImagePublisher{p} }}, "no change explains it"},
		{"the last sequence number is reported instead of the first that failed", seams{TableUpdate: reportLast}, "never published"},
		{"the sequence number after the one that failed is reported", seams{TableUpdate: reportNext}, "never published"},
		{"a batch that failed in part counts as successful", seams{TableUpdate: reportNothing}, "never published"},
		{"a poisonous record is reported instead of failing the function", seams{TableUpdate: neverFail}, "is a dead letter|never published"},
		{"an update for an unknown order counts as applied", seams{Store: func(s order.Store) order.Store { return ghostlessStore{s} }}, ": lost"},
		{"an update that failed counts as applied", seams{OnEvents: reportNothing}, "expected|: lost"},
		{"only the first message that failed is reported", seams{OnEvents: reportFirst}, "expected|: lost"},
		{"metrics count double", seams{Metrics: func(m handler.ResponseMetrics) handler.ResponseMetrics { return doubleMetrics{m} }}, "counted 2 times"},
		{"a function never returns", seams{OnEvents: sleepForever}, "does not end"},
		{"a function panics", seams{Store: func(order.Store) order.Store { return nil }}, "panics"},
		{"a list ignores the status", seams{Input: dropFilter}, "does not belong there"},
		{"a list ends at a page without orders", seams{Store: func(s order.Store) order.Store { return impatientStore{s} }}, "does not list"},
		{"an order is not counted", seams{Metrics: func(handler.ResponseMetrics) handler.ResponseMetrics { return noMetrics{} }}, "not counted"},
	}
}

// TestBreaksAreFound shows that the oracle finds each break of the code under test.
func TestBreaksAreFound(t *testing.T) {
	for _, m := range mutations() {
		t.Run(m.name, func(t *testing.T) {
			var mu sync.Mutex
			played, found := 0, ""
			workers(t, 1, maxHistories, func(t *testing.T, seed uint64) bool {
				o := play(t, seed, m.seams)
				mu.Lock()
				defer mu.Unlock()
				played++
				for _, wrong := range o.wrong {
					if slices.ContainsFunc(strings.Split(m.symptom, "|"), func(s string) bool { return strings.Contains(wrong, s) }) {
						found = wrong
					}
				}
				return found == ""
			})
			require.NotEmpty(t, found, "not found in %d histories", played)
			t.Logf("found after %d histories: %s", played, found)
		})
	}
}
