package load

import (
	"fmt"
	"strings"
	"time"
)

// A scenario is a way in which what is around the service fails.
type scenario struct {
	name    string
	what    string      // in words
	peers   []faultRate // of every peer
	outage  bool        // whether one peer does not respond for a while in the middle
	onTable bool        // whether orders are in DynamoDB Local rather than in the service's own memory
	table   []faultRate // of the table's writes
	hostile float64     // hostile requests for each order
	bar     bar
}

// A bar is what a scenario is held to at 200 orders a second for a minute.
type bar struct {
	p99              time.Duration // 0: none
	ofUnavailable    bool          // whether the p99 is that of 503s, once the outage is detected
	mayBeUnavailable bool          // whether requests may be answered with 503 at all
}

const (
	silentPeer = "products"
	outageTime = 10 * time.Second
)

func scenarios() []scenario {
	const ms = time.Millisecond
	return []scenario{
		{name: "none", what: "no faults", bar: bar{p99: 60 * ms}},
		{name: "stalls", what: "2 % of each peer's responses take 3 s", peers: []faultRate{{stall, 0.02}},
			bar: bar{p99: 150 * ms}},
		{name: "errors", what: "5 % of each peer's responses are a 500, 1 % a connection reset",
			peers: []faultRate{{serverError, 0.05}, {reset, 0.01}}, bar: bar{mayBeUnavailable: true}},
		{name: "throttle", what: "the table throttles 5 % of writes", onTable: true,
			table: []faultRate{{throttle, 0.05}}, bar: bar{p99: 300 * ms}},
		{name: "hostile", what: "one hostile request for every four orders", hostile: 0.25, bar: bar{p99: 60 * ms}},
		{name: "down", what: silentPeer + " does not respond for 10 s", outage: true,
			bar: bar{p99: 100 * ms, ofUnavailable: true, mayBeUnavailable: true}},
	}
}

// findScenarios returns the scenario with a name, or all for no name.
func findScenarios(name string) ([]scenario, error) {
	all := scenarios()
	if name == "" {
		return all, nil
	}
	names := make([]string, len(all))
	for i, s := range all {
		if s.name == name {
			return all[i : i+1], nil
		}
		names[i] = s.name
	}
	return nil, fmt.Errorf("unknown scenario %q: must be one of %s", name, strings.Join(names, ", "))
}

// hasFaults reports whether anything fails.
func (s scenario) hasFaults() bool {
	return len(s.peers) > 0 || s.outage || len(s.table) > 0 || s.hostile > 0
}

// withoutFaults returns the same scenario with nothing that fails.
func (s scenario) withoutFaults() scenario {
	return scenario{name: s.name + " without faults", what: "no faults", onTable: s.onTable, bar: scenarios()[0].bar}
}

// fileName returns the name as a part of a file's name.
func (s scenario) fileName() string { return strings.ReplaceAll(s.name, " ", "-") }

// window returns when the outage of a run is, counted from the run's start: in the middle, and at
// most a third of it.
func (s scenario) window(length time.Duration) (from, to time.Duration) {
	if !s.outage {
		return 0, 0
	}
	took := min(outageTime, length/3)
	from = (length - took) / 2
	return from, from + took
}
