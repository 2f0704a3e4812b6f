package load

import (
	"fmt"
	"strings"
	"time"
)

// A scenario is a way in which what is around the service fails.
type scenario struct {
	name      string
	what      string        // in words
	peers     []faultRate   // of every peer
	window    *window       // in the middle of the run
	coldStart time.Duration // of payment's environments; 0: they are warm
	invalid   float64       // the share of orders to which products responds with 502, as to an invalid request
	onTable   bool          // whether orders are in DynamoDB Local rather than in the service's own memory
	table     []faultRate   // of the table's writes
	tableSlow time.Duration // what the table takes for a response
	busSlow   time.Duration // what the event bus takes for a response; 0: nothing stands before the bus
	hostile   float64       // hostile requests for each order
	bar       bar
}

// A window is a time in which one peer responds to nothing, or always with one fault.
type window struct {
	peer   string
	kind   faultKind
	length time.Duration
}

// A bar is what a scenario is held to at 200 orders a second for a minute.
type bar struct {
	p99              time.Duration // 0: none
	p999             time.Duration // the 99.9th percentile; 0: none
	ofUnavailable    bool          // whether the p99 is that of 503s, once the outage is detected
	mayBeUnavailable bool          // whether requests may be answered with 503 at all
	calls            int           // the most writes to the table, or acceptances by the bus, of one order; 0: not counted
}

func scenarios() []scenario {
	const ms = time.Millisecond
	return []scenario{
		{name: "none", what: "no faults", bar: bar{p99: 60 * ms}},
		{name: "stalls", what: "2 % of each peer's responses take 3 s", peers: []faultRate{{stall, 0.02}},
			bar: bar{p99: 150 * ms, p999: 400 * ms}},
		{name: "errors", what: "5 % of each peer's responses are a 500, 1 % a connection reset",
			peers: []faultRate{{serverError, 0.05}, {reset, 0.01}}, bar: bar{mayBeUnavailable: true}},
		{name: "rate-limited", what: "payment responds with 429 for 500 ms",
			window: &window{"payment", rateLimit, 500 * ms}, bar: bar{p99: 1500 * ms}},
		{name: "bad-gateway", what: "products responds with 502 to ten orders in a row of forty",
			invalid: 0.25, bar: bar{p99: 150 * ms}},
		{name: "cold-peer", what: "each environment of payment takes 4.2 s to start",
			coldStart: 4200 * ms, bar: bar{p99: 6 * time.Second}},
		{name: "throttle", what: "the table throttles 5 % of writes", onTable: true,
			table: []faultRate{{throttle, 0.05}}, bar: bar{p99: 300 * ms}},
		{name: "slow-table", what: "the table takes 250 ms for a response", onTable: true, tableSlow: 250 * ms,
			bar: bar{p99: 925 * ms, calls: 4}}, // 2.5 times 250 ms, and 300 ms
		{name: "slow-bus", what: "the event bus takes 1.2 s for a response", busSlow: 1200 * ms,
			bar: bar{p99: 60 * ms, calls: 2}},
		{name: "hostile", what: "one hostile request for every four orders", hostile: 0.25, bar: bar{p99: 60 * ms}},
		{name: "down", what: "products does not respond for 10 s", window: &window{"products", silence, 10 * time.Second},
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
	return len(s.peers) > 0 || s.window != nil || s.coldStart > 0 || s.invalid > 0 ||
		len(s.table) > 0 || s.tableSlow > 0 || s.busSlow > 0 || s.hostile > 0
}

// withoutFaults returns the same scenario with nothing that fails.
func (s scenario) withoutFaults() scenario {
	return scenario{name: s.name + " without faults", what: "no faults", onTable: s.onTable, bar: scenarios()[0].bar}
}

// fileName returns the name as a part of a file's name.
func (s scenario) fileName() string { return strings.ReplaceAll(s.name, " ", "-") }

// between returns when the window of a run is, counted from the run's start: in the middle, and at
// most a third of it.
func (w *window) between(length time.Duration) (from, to time.Duration) {
	if w == nil {
		return 0, 0
	}
	took := min(w.length, length/3)
	from = (length - took) / 2
	return from, from + took
}
