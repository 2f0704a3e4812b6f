package load

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newRun returns a run of a scenario whose requests got these responses, each with the same
// latency.
func newRun(name string, latency time.Duration, verdicts ...verdict) *run {
	all, err := findScenarios(name)
	if err != nil {
		panic(err)
	}
	r := &run{
		scenario: all[0], rate: 200, start: time.Now(), length: time.Minute, proof: &proof{},
		peers: []peerCount{{Hedges: 2}, {Hedges: 1}},
		used:  usage{service: time.Second, busy: 3 * time.Second, machine: 10 * time.Second},
	}
	for i, v := range verdicts {
		due := r.start.Add(time.Duration(i) * time.Second)
		r.responses = append(r.responses, response{due: due, latency: latency, verdict: v, problem: string(v)})
	}
	return r
}

func TestTheTableShowsMedians(t *testing.T) {
	const ms = time.Millisecond
	var out bytes.Buffer
	writeTable(&out, []row{
		{runs: []*run{newRun("stalls", 10*ms, created), newRun("stalls", 40*ms, created), newRun("stalls", 20*ms, created)},
			faultless: []*run{newRun("none", 7*ms, created), newRun("none", 9*ms, created), newRun("none", 8*ms, created)}},
		{runs: []*run{newRun("down", 30*ms, created, unavailable, unavailable)}},
	})
	require.Equal(t, tableHead+`| stalls | 200/s | 20 ms | 20 ms | 20 ms | 20 ms | 8 ms | 0 |  | 0 | 0 | 9 | 10 % | 30 % | met: p99 <= 150 ms |
| down | 200/s | 30 ms | 30 ms | 30 ms | 30 ms |  | 2 | 30 ms | 0 | 0 | 3 | 10 % | 30 % | met: p99 of 503s <= 100 ms |
`, out.String())
}

func TestBars(t *testing.T) {
	const ms = time.Millisecond
	for want, r := range map[string]*run{
		"met: p99 <= 60 ms":            newRun("none", 60*ms, created),
		"missed: p99 > 60 ms":          newRun("none", 61*ms, created),
		"missed: 503s":                 newRun("stalls", ms, created, unavailable),
		"missed: invalid responses":    newRun("throttle", ms, created, unanswered),
		"met: no invalid response":     newRun("errors", time.Second, created, unavailable),
		"missed: outage not detected":  newRun("down", ms, created),
		"missed: p99.9 > 400 ms":       withSlowest(401*time.Millisecond, newRun("stalls", time.Millisecond, slices.Repeat([]verdict{created}, 200)...)),
		"missed: 5 calls > 4":          withCalls(5, newRun("slow-table", time.Millisecond, created)),
		"met: p99 <= 925 ms":           withCalls(4, newRun("slow-table", time.Millisecond, created)),
		"met: p99 <= 150 ms":           newRun("bad-gateway", time.Millisecond, created, rejected),
		"missed: p99 of 503s > 100 ms": newRun("down", 101*ms, created, unavailable, unavailable),
	} {
		require.Equal(t, want, row{runs: []*run{r}}.barResult())
	}
}

func withSlowest(latency time.Duration, r *run) *run {
	r.responses[0].latency = latency
	return r
}

func withCalls(n int, r *run) *run {
	r.mostCalls = n
	return r
}

func Test503sAfterAnOutageAreCounted(t *testing.T) {
	r := newRun("down", time.Millisecond, unavailable, unavailable, created, unavailable)
	require.Equal(t, 1, r.unavailableAfter(r.start.Add(time.Second)))
}

// The retries of a check that must fail take their time.
func TestRejectedRequestsDoNotCountAsSlow(t *testing.T) {
	r := newRun("bad-gateway", time.Millisecond, rejected, created)
	r.responses[0].latency = time.Second
	require.Equal(t, latencies{time.Millisecond}, r.latencies())
}

// That hostile requests are rejected does not excuse a 503 to an order.
func TestHostileRequestsDoNotExcuse503s(t *testing.T) {
	r := newRun("hostile", time.Millisecond, created, unavailable)
	r.hostile = []response{{verdict: rejected}}
	require.Equal(t, "missed: 503s", row{runs: []*run{r}}.barResult())
	r.responses = r.responses[:1]
	require.Equal(t, "met: p99 <= 60 ms", row{runs: []*run{r}}.barResult())
}

func Test503sAreMeasuredOnceTheOutageIsDetected(t *testing.T) {
	r := newRun("down", 1500*time.Millisecond, created, unavailable, unavailable, unavailable, created)
	r.responses[3].latency = time.Millisecond
	require.Equal(t, latencies{time.Millisecond}, r.unavailableLatencies(), "the first is returned half a second after the second is due")
}

func TestTheReportShowsEveryProblem(t *testing.T) {
	r := newRun("errors", time.Millisecond, created, unavailable, unavailable, invalid, replayed)
	r.faults = []injectedFault{{r.start, "users", serverError}, {r.start, "users", serverError}, {r.start, "payment", reset}}
	r.proof.add("order 1 is not published")
	var out bytes.Buffer
	r.write(&out)
	for _, text := range []string{
		"1 created, 2 unavailable, 2 invalid or none", "2 x unavailable", "1 x invalid", "1 x 200 for a first request",
		"payment reset 1, users 500 2", "service 10 % of the machine", "order 1 is not published",
	} {
		require.Contains(t, out.String(), text)
	}
}
