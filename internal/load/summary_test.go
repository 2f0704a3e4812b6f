package load

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ran is a result of which so many requests ended in a way, all after so long.
func ran(name string, each time.Duration, kinds ...kind) *result {
	all, err := findScenarios(name)
	if err != nil {
		panic(err)
	}
	r := &result{scenario: all[0], rate: 200, start: time.Now(), length: time.Minute, proof: &proof{}, peers: []peerCount{{Hedges: 2}, {Hedges: 1}},
		used: usage{service: time.Second, busy: 3 * time.Second, machine: 10 * time.Second}}
	for i, k := range kinds {
		r.outcomes = append(r.outcomes, outcome{due: r.start.Add(time.Duration(i) * time.Second), took: each, kind: k, problem: string(k)})
	}
	return r
}

func TestTheTableTellsMedians(t *testing.T) {
	const ms = time.Millisecond
	var out bytes.Buffer
	writeTable(&out, []row{
		{runs: []*result{ran("stalls", 10*ms, created), ran("stalls", 40*ms, created), ran("stalls", 20*ms, created)},
			beside: []*result{ran("none", 7*ms, created), ran("none", 9*ms, created), ran("none", 8*ms, created)}},
		{runs: []*result{ran("down", 30*ms, created, refused, refused)}},
	})
	require.Equal(t, tableHead+`| stalls | 200/s | 20 ms | 20 ms | 20 ms | 8 ms | 0 |  | 0 | 0 | 9 | 10 % | 30 % | met: p99 <= 150 ms |
| down | 200/s | 30 ms | 30 ms | 30 ms |  | 2 | 30 ms | 0 | 0 | 3 | 10 % | 30 % | met: p99 of refusals <= 100 ms |
`, out.String())
}

func TestBars(t *testing.T) {
	const ms = time.Millisecond
	for want, r := range map[string]*result{
		"met: p99 <= 60 ms":                ran("none", 60*ms, created),
		"missed: p99 > 60 ms":              ran("none", 61*ms, created),
		"missed: refusals":                 ran("stalls", ms, created, refused),
		"missed: wrong answers":            ran("throttle", ms, created, unanswered),
		"met: no wrong answer":             ran("errors", time.Second, created, refused),
		"missed: not found out":            ran("down", ms, created),
		"missed: p99 of refusals > 100 ms": ran("down", 101*ms, created, refused, refused),
	} {
		require.Equal(t, want, row{runs: []*result{r}}.verdict())
	}
}

// That attacks are refused excuses no refused order.
func TestUnderAttackOrdersAreTakenAsEver(t *testing.T) {
	attacked := ran("hostile", time.Millisecond, created, refused)
	attacked.hostile = []outcome{{kind: refused}}
	require.Equal(t, "missed: refusals", row{runs: []*result{attacked}}.verdict())
	attacked.outcomes = attacked.outcomes[:1]
	require.Equal(t, "met: p99 <= 60 ms", row{runs: []*result{attacked}}.verdict())
}

func TestRefusalsAreMeasuredOnceTheirReasonIsFoundOut(t *testing.T) {
	r := ran("down", 1500*time.Millisecond, created, refused, refused, refused, created)
	r.outcomes[3].took = time.Millisecond
	require.Equal(t, latencies{time.Millisecond}, r.refusals(), "the first is answered half a second after the second is due")
}

func TestTheReportTellsEveryProblem(t *testing.T) {
	r := ran("errors", time.Millisecond, created, refused, refused, wrong, repeated)
	r.marks = []mark{{r.start, "users", failure}, {r.start, "users", failure}, {r.start, "payment", reset}}
	r.proof.fault("order 1 is not announced")
	var out bytes.Buffer
	r.write(&out)
	for _, text := range []string{
		"1 created, 2 refused, 2 wrong or none", "2 x refused", "1 x wrong", "1 x 200 for a first request",
		"payment reset 1, users 500 2", "the service took 10 % of the machine", "order 1 is not announced",
	} {
		require.Contains(t, out.String(), text)
	}
}
