// Command capacity computes what gives way first as orders become more: it compares the load of
// several rates with the quotas of AWS, and adds what a day costs. It writes Markdown, which is
// part of the README of cmd/bench.
package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
)

func main() {
	writeLoads(os.Stdout)
	fmt.Println()
	writeCosts(os.Stdout)
}

// rates are in orders a second.
var rates = []float64{10, 100, 1000, 10_000}

// writeLoads writes a table of loads and quotas, with the largest share of a quota of each rate in
// bold.
func writeLoads(out io.Writer) {
	titles := []string{"what", "quota"}
	for _, r := range rates {
		titles = append(titles, fmt.Sprintf("%s orders/s", number(r)))
	}
	row(out, titles...)
	fmt.Fprintf(out, "|%s\n", strings.Repeat("---|", len(titles)))
	for _, q := range quotas() {
		cells := []string{q.what, fmt.Sprintf("[%s](%s)", number(q.limit), q.source)}
		for _, r := range rates {
			cell := fmt.Sprintf("%s, %s", number(q.load(r)), percent(q.share(r)))
			if q.what == first(r).what {
				cell = "**" + cell + "**"
			}
			cells = append(cells, cell)
		}
		row(out, cells...)
	}
	cells := []string{"US$ a day", ""}
	for _, r := range rates {
		cells = append(cells, number(r*secondsPerDay/million*total()))
	}
	row(out, cells...)
}

func row(out io.Writer, cells ...string) {
	fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
}

// number writes a figure with three digits, and thousands apart.
func number(f float64) string {
	switch {
	case f != math.Trunc(f) && f < 10:
		return fmt.Sprintf("%.2f", f)
	case f != math.Trunc(f) && f < 100:
		return fmt.Sprintf("%.1f", f)
	}
	digits := fmt.Sprintf("%.0f", f)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func percent(share float64) string {
	if share < 0.1 {
		return fmt.Sprintf("%.1f %%", 100*share)
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}
