package load

import (
	"fmt"
	"strings"
	"time"
)

// A scenario is a way in which what is around the service fails.
type scenario struct {
	name      string
	what      string // in words
	peers     odds   // of every neighbour
	outage    bool   // whether one neighbour is down for a while in the middle
	onTable   bool   // whether orders are kept behind DynamoDB's protocol rather than in the service's own memory
	throttled float64
	hostile   float64 // hostile requests for each order
	bar       bar
}

// A bar is what a scenario is held to at 200 orders a second for a minute.
type bar struct {
	p99      time.Duration
	refusals bool // whether orders may be refused meanwhile; the p99 is then that of these, once what fails is found out
}

const (
	downPeer   = "products"
	outageTime = 10 * time.Second
)

func scenarios() []scenario {
	const ms = time.Millisecond
	return []scenario{
		{name: "none", what: "nothing fails", bar: bar{p99: 60 * ms}},
		{name: "stalls", what: "2 % of each neighbour's answers take 3 s", peers: odds{stall: 0.02}, bar: bar{p99: 150 * ms}},
		{name: "errors", what: "5 % of each neighbour's answers are 500, 1 % resets", peers: odds{failure: 0.05, reset: 0.01},
			bar: bar{refusals: true}},
		{name: "throttle", what: "the table throttles 5 % of writes", onTable: true, throttled: 0.05, bar: bar{p99: 300 * ms}},
		{name: "hostile", what: "beside four orders comes one hostile request", hostile: 0.25, bar: bar{p99: 60 * ms}},
		{name: "down", what: downPeer + " answers nothing for 10 s", outage: true, bar: bar{p99: 100 * ms, refusals: true}},
	}
}

// drainScenario is no scenario of orders: see [drain].
const drainScenario = "drain"

// findScenarios are those with a name, or all for no name.
func findScenarios(name string) ([]scenario, error) {
	all := scenarios()
	names := []string{drainScenario}
	for _, s := range all {
		if s.name == name {
			return []scenario{s}, nil
		}
		names = append(names, s.name)
	}
	switch name {
	case "":
		return all, nil
	case drainScenario:
		return nil, nil
	}
	return nil, fmt.Errorf("no scenario %q, only %s", name, strings.Join(names, ", "))
}

// isDisturbed tells whether anything fails.
func (s scenario) isDisturbed() bool {
	return s.peers != (odds{}) || s.outage || s.throttled > 0 || s.hostile > 0
}

// undisturbed is the same with nothing that fails.
func (s scenario) undisturbed() scenario {
	return scenario{name: s.name + " undisturbed", what: "nothing fails", onTable: s.onTable, bar: scenarios()[0].bar}
}

// fileName is the name as a part of a file's.
func (s scenario) fileName() string { return strings.ReplaceAll(s.name, " ", "-") }

// window is when the outage of a run is, counted from its start: in the middle, and no more than a third of it.
func (s scenario) window(length time.Duration) (from, to time.Duration) {
	if !s.outage {
		return 0, 0
	}
	took := min(outageTime, length/3)
	from = (length - took) / 2
	return from, from + took
}
