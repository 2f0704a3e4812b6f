package load

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"orders/internal/percentile"
)

// write writes all that a run showed.
func (r *run) write(out io.Writer) {
	line := func(name, format string, values ...any) {
		fmt.Fprintf(out, "  %-11s %s\n", name, fmt.Sprintf(format, values...))
	}
	fmt.Fprintf(out, "\n%s: %s; %d orders a second for %s\n", r.scenario.name, r.scenario.what, r.rate, r.length)
	line("responses", "%d created, %d unavailable, %d invalid or none", r.count(created), r.count(unavailable), r.invalid())
	if r.count(rejected) > 0 {
		line("", "%d with a 503, as they must: products cannot check them", r.count(rejected))
	}
	line("latency", "%s", r.latencies())
	line("starts", "p99 %s late, at most %s: this much is not the service's", ms(r.lateness().at(0.99)), ms(r.lateness().at(1)))
	if len(r.hostile) > 0 {
		line("hostile", "%d requests, %s", len(r.hostile), r.hostileLatencies())
	}
	if r.count(unavailable) > 0 {
		line("503s", "%s, of requests due after the first 503, at %s", r.unavailableLatencies(), ms(r.detected().Sub(r.start)))
	}
	if w := r.scenario.window; w != nil {
		from, to := w.between(r.length)
		line("window", "%s: %s from %s to %s; %d requests due later got a 503",
			w.peer, w.kind, ms(from), ms(to), r.unavailableAfter(r.start.Add(to)))
	}
	for _, problem := range slices.Sorted(maps.Keys(r.problems())) {
		line("", "%d x %s", r.problems()[problem], problem)
	}
	for _, p := range r.peers {
		line(p.Peer, "%d calls, %d hedges, %d retries, %d skipped, circuit opened %d times",
			p.Calls, p.Hedges, p.Retries, p.Skipped, p.Openings)
	}
	line("faults", "%s", r.faultCounts())
	if r.mostCalls > 0 {
		line("calls", "at most %d to the table or the bus for one order", r.mostCalls)
	}
	if r.used.machine > 0 {
		line("CPU", "service %.0f %% of the machine, all programs %.0f %%; the service ended with %s in memory",
			100*r.serviceShare(), 100*r.busyShare(), megabytes(r.used.rss))
	}
	line("proof", "%d orders for %d payment tokens, %d requests retried, %d orders published more than once, %d lost",
		r.proof.stored, r.proof.tokens, r.proof.retried, r.proof.twice, r.proof.lost)
	for _, violation := range r.proof.violations {
		line("", "%s", violation)
	}
}

func (r *run) faultCounts() string {
	counts := map[string]int{}
	for _, f := range r.faults {
		counts[f.where+" "+string(f.kind)]++
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

// A row sums up all runs of one scenario.
type row struct {
	runs      []*run
	faultless []*run // the runs without faults next to them
}

const tableHead = `
| scenario | rate | p50 | p99 | p99.9 | max | p99 without faults | 503 | p99 of 503s | invalid | lost | hedges | CPU of the service | CPU of all | bar |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
`

// writeTable writes the medians of all runs' figures, and the sums of what they counted, as
// Markdown.
func writeTable(out io.Writer, rows []row) {
	fmt.Fprint(out, tableHead)
	for _, r := range rows {
		fmt.Fprintf(out, "| %s |\n", strings.Join(r.cells(), " | "))
	}
}

func (r row) cells() []string {
	return []string{
		r.runs[0].scenario.name,
		fmt.Sprintf("%d/s", r.runs[0].rate),
		known(medianAt(r.runs, (*run).latencies, 0.5)),
		known(medianAt(r.runs, (*run).latencies, 0.99)),
		known(medianAt(r.runs, (*run).latencies, 0.999)),
		known(medianAt(r.runs, (*run).latencies, 1)),
		known(medianAt(r.faultless, (*run).latencies, 0.99)),
		fmt.Sprint(sum(r.runs, func(each *run) int { return each.count(unavailable) })),
		known(medianAt(r.runs, (*run).unavailableLatencies, 0.99)),
		fmt.Sprint(sum(r.runs, (*run).invalid)),
		fmt.Sprint(sum(r.runs, func(each *run) int { return each.proof.lost })),
		fmt.Sprint(sum(r.runs, (*run).hedges)),
		percent(r.runs, (*run).serviceShare),
		percent(r.runs, (*run).busyShare),
		r.barResult(),
	}
}

// barResult says whether the scenario's bar is met, at whatever rate this was.
func (r row) barResult() string {
	b := r.runs[0].scenario.bar
	which, figure := "p99", (*run).latencies
	if b.ofUnavailable {
		which, figure = "p99 of 503s", (*run).unavailableLatencies
	}
	p99, p999, mostCalls := medianAt(r.runs, figure, 0.99), medianAt(r.runs, figure, 0.999), 0
	for _, each := range r.runs {
		mostCalls = max(mostCalls, each.mostCalls)
	}
	switch {
	case sum(r.runs, (*run).invalid) > 0:
		return "missed: invalid responses"
	case b.calls > 0 && mostCalls > b.calls:
		return fmt.Sprintf("missed: %d calls > %d", mostCalls, b.calls)
	case !b.mayBeUnavailable && sum(r.runs, func(each *run) int { return each.count(unavailable) }) > 0:
		return "missed: 503s"
	case b.p99 == 0:
		return "met: no invalid response"
	case p99 == 0:
		return "missed: outage not detected"
	case b.p999 > 0 && p999 > b.p999:
		return fmt.Sprintf("missed: p99.9 > %s", ms(b.p999))
	case p99 > b.p99:
		return fmt.Sprintf("missed: %s > %s", which, ms(b.p99))
	}
	return fmt.Sprintf("met: %s <= %s", which, ms(b.p99))
}

func medianAt(runs []*run, figure func(*run) latencies, share float64) time.Duration {
	var all []time.Duration
	for _, r := range runs {
		all = append(all, figure(r).at(share))
	}
	return percentile.Median(all)
}

func sum(runs []*run, count func(*run) int) (n int) {
	for _, r := range runs {
		n += count(r)
	}
	return n
}

func percent(runs []*run, share func(*run) float64) string {
	var all []float64
	for _, r := range runs {
		all = append(all, share(r))
	}
	return fmt.Sprintf("%.0f %%", 100*percentile.Median(all))
}

// known returns a duration as text, or nothing for none.
func known(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return ms(d)
}

// ms returns a duration in whole milliseconds.
func ms(d time.Duration) string {
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.0f MB", float64(bytes)/1e6) }
