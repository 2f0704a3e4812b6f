package load

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// write tells all that a run showed.
func (r *result) write(out io.Writer) {
	line := func(name, format string, values ...any) {
		fmt.Fprintf(out, "  %-11s %s\n", name, fmt.Sprintf(format, values...))
	}
	fmt.Fprintf(out, "\n%s: %s; %d orders a second for %s\n", r.scenario.name, r.scenario.what, r.rate, r.length)
	line("answers", "%d created, %d refused, %d wrong or none", r.count(created), r.count(refused), r.wrong())
	line("latency", "%s", r.latencies())
	line("starts", "p99 %s late, at most %s: as much of it is not the service's", short(r.lateness().at(0.99)), short(r.lateness().max()))
	if len(r.hostile) > 0 {
		line("hostile", "%d requests, %s", len(r.hostile), r.attacks())
	}
	if r.count(refused) > 0 {
		line("refusals", "%s, of requests due after the first refusal, at %s", r.refusals(), short(r.foundOut().Sub(r.start)))
	}
	if from, to := r.scenario.window(r.length); to > 0 {
		line("outage", "%s down from %s to %s", downPeer, short(from), short(to))
	}
	for _, problem := range slices.Sorted(maps.Keys(r.problems())) {
		line("", "%d x %s", r.problems()[problem], problem)
	}
	for _, p := range r.peers {
		line(p.Peer, "%d calls, %d hedges, %d retries, %d skipped, circuit opened %d times", p.Calls, p.Hedges, p.Retries, p.Skipped, p.Openings)
	}
	line("faults", "%s", r.faultCounts())
	if r.used.machine > 0 {
		line("processors", "the service took %.0f %% of the machine, all programs together %.0f %%; the service ended with %s in memory",
			100*r.serviceShare(), 100*r.busyShare(), megabytes(r.used.rss))
	}
	line("proof", "%d orders for %d payment tokens, %d requests asked again, %d orders announced more than once, %d lost",
		r.proof.stored, r.proof.tokens, r.proof.askedAgain, r.proof.twice, r.proof.lost)
	for _, fault := range r.proof.faults {
		line("", "%s", fault)
	}
}

// String is the percentiles that are told of all latencies.
func (l latencies) String() string {
	return fmt.Sprintf("p50 %s, p90 %s, p99 %s, p99.9 %s, max %s", short(l.at(0.5)), short(l.at(0.9)), short(l.at(0.99)), short(l.at(0.999)), short(l.max()))
}

func (r *result) faultCounts() string {
	counts := map[string]int{}
	for _, m := range r.marks {
		counts[m.where+" "+string(m.fault)]++
	}
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		texts = append(texts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	if len(texts) == 0 {
		return "none"
	}
	return strings.Join(texts, ", ")
}

// short is a duration in whole milliseconds.
func short(d time.Duration) string {
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.0f MB", float64(bytes)/1e6) }
