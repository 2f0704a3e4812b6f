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

// soonEnough is how many histories it may take until a break is found.
const soonEnough = 400

// A mutation breaks the code under test, and is found by its symptom.
type mutation struct {
	name    string
	seams   seams
	symptom string // of which the oracle's words must have a part
}

func mutations() []mutation {
	return []mutation{
		{"the write of a new order has no condition", seams{Input: dropCreateCondition}, "the order was stored before|not fulfilment's|no event says so|told of an order that was never so"},
		{"an update has no guard", seams{Input: dropUpdateGuard}, "no event says so|modifiedDate does not rise|would be right"},
		{"an update is guarded by the status alone", seams{Input: guardByStatusAlone}, "no event says so|modifiedDate does not rise|would be right"},
		{"an attempt without an answer counts as refused", seams{Failure: refuse}, "but not counted|but was answered with"},
		{"a replay counts as created", seams{Store: func(s order.Store) order.Store { return forgetfulStore{s} }}, "counted 2 times|counted 3 times"},
		{"a status falls", seams{Store: func(s order.Store) order.Store { return fallingStore{s} }}, "no event says so"},
		{"the total does not follow", seams{Store: func(s order.Store) order.Store { return staleTotalStore{s} }}, "wrong total"},
		{"the modifiedDate stands still", seams{Store: func(s order.Store) order.Store { return timelessStore{s} }}, "modifiedDate does not rise"},
		{"a check that could not be made counts as a yes", seams{Checker: func(c order.Checker) order.Checker { return openChecker{c} }}, "checks agreed"},
		{"a failed entry is ignored", seams{Publisher: func(p order.Publisher) order.Publisher { return deafPublisher{p} }}, "never announced"},
		{"events of one order overtake each other", seams{Publisher: func(p order.Publisher) order.Publisher { return hastyPublisher{p} }}, "announced before"},
		{"events are announced with the wrong image", seams{Publisher: func(p order.Publisher) order.Publisher { return mixedUpPublisher{p} }}, "announces what never was"},
		{"the last sequence number is reported instead of the first that failed", seams{TableUpdate: reportLast}, "never announced"},
		{"the sequence number after the one that failed is reported", seams{TableUpdate: reportNext}, "never announced"},
		{"a batch that failed in part counts as done", seams{TableUpdate: reportNothing}, "never announced"},
		{"a poisonous record is reported instead of failing the function", seams{TableUpdate: neverFail}, "given up|never announced"},
		{"an event about no order is swallowed", seams{OnEvents: swallow}, "lost without a trace"},
		{"an event that could not be handled is swallowed", seams{OnEvents: swallowAll}, "would be right|lost without a trace"},
		{"metrics count double", seams{Metrics: func(m handler.Metrics) handler.Metrics { return doubleMetrics{m} }}, "counted 2 times"},
		{"an answer never comes", seams{OnEvents: sleepForEver}, "does not end"},
		{"a function panics", seams{Store: func(order.Store) order.Store { return nil }}, "panics"},
		{"an order is not counted", seams{Metrics: func(handler.Metrics) handler.Metrics { return noMetrics{} }}, "not counted"},
	}
}

// TestBreaksAreFound shows that the oracle has teeth: each break of the code under test is found soon.
func TestBreaksAreFound(t *testing.T) {
	for _, m := range mutations() {
		t.Run(m.name, func(t *testing.T) {
			var mu sync.Mutex
			played, found := 0, ""
			workers(t, 1, soonEnough, func(t *testing.T, seed uint64) bool {
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
