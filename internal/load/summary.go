package load

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// A row is what all runs of one scenario come to.
type row struct {
	runs   []*result
	beside []*result // the undisturbed runs beside them
}

const tableHead = `
| scenario | rate | p50 | p99 | max | p99 undisturbed | refused | p99 of refusals | wrong | lost | hedges | CPU of the service | CPU of all | bar |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
`

// writeTable tells the medians of all runs' figures, and the sums of what they counted, as Markdown.
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
		known(medianAt(r.runs, (*result).latencies, 0.5)),
		known(medianAt(r.runs, (*result).latencies, 0.99)),
		known(medianAt(r.runs, (*result).latencies, 1)),
		known(medianAt(r.beside, (*result).latencies, 0.99)),
		fmt.Sprint(sum(r.runs, func(r *result) int { return r.count(refused) })),
		known(medianAt(r.runs, (*result).refusals, 0.99)),
		fmt.Sprint(sum(r.runs, (*result).wrong)),
		fmt.Sprint(sum(r.runs, func(r *result) int { return r.proof.lost })),
		fmt.Sprint(sum(r.runs, (*result).hedges)),
		percent(r.runs, (*result).serviceShare),
		percent(r.runs, (*result).busyShare),
		r.verdict(),
	}
}

// verdict tells whether the scenario's bar is met, at whatever rate this was.
func (r row) verdict() string {
	b := r.runs[0].scenario.bar
	which, figure := "p99", (*result).latencies
	if b.refusals {
		which, figure = "p99 of refusals", (*result).refusals
	}
	p99 := medianAt(r.runs, figure, 0.99)
	refusals := sum(r.runs, func(r *result) int { return r.count(refused) })
	switch {
	case sum(r.runs, (*result).wrong) > 0:
		return "missed: wrong answers"
	case refusals > 0 && !b.refusals:
		return "missed: refusals"
	case b.p99 == 0:
		return "met: no wrong answer"
	case p99 == 0:
		return "missed: not found out"
	case p99 > b.p99:
		return fmt.Sprintf("missed: %s > %s", which, short(b.p99))
	}
	return fmt.Sprintf("met: %s <= %s", which, short(b.p99))
}

func medianAt(runs []*result, figure func(*result) latencies, share float64) time.Duration {
	var all []time.Duration
	for _, r := range runs {
		all = append(all, figure(r).at(share))
	}
	return median(all)
}

func sum(runs []*result, count func(*result) int) (n int) {
	for _, r := range runs {
		n += count(r)
	}
	return n
}

func percent(runs []*result, share func(*result) float64) string {
	var all []float64
	for _, r := range runs {
		all = append(all, share(r))
	}
	return fmt.Sprintf("%.0f %%", 100*median(all))
}

// known is a duration, or nothing for none.
func known(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return short(d)
}
