package main

import (
	"archive/zip"
	"compress/flate"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"

	"orders/internal/lambdaruntime"
	"orders/internal/percentile"
)

// A report is a table that grows as functions are measured.
type report struct{ output io.Writer }

func newReport(output io.Writer, o options) report {
	fmt.Fprintf(output, "%s/%s, %d CPUs, %s; HTTPS; peers %v, bus %v, table %v; medians of %d runs of %d cold starts and "+
		"%d warm calls; ms, MB\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(),
		peerDelay, busDelay, tableDelay, o.runs, o.cold, o.warm)
	switch err := lambdaruntime.CanThrottle(); {
	case o.memory == 0:
	case err != nil:
		fmt.Fprintf(output, "At %d MB: not measured, %v\n", o.memory, err)
	default:
		fmt.Fprintf(output, "At %d MB: unthrottled until the first request for an event, then %.2f of a CPU\n",
			o.memory, float64(o.memory)/fullMemory)
	}
	at := "throttled: "
	if o.memory > 0 {
		at = fmt.Sprintf("at %d MB: ", o.memory)
	}
	titles := []string{"", "init", "first response", "cold start", "warm p50", "warm p99", "CPU a call", "peak memory",
		at + "first response", "cold start", "warm p50", "binary", "zip"}
	fmt.Fprintf(output, "\n| %s |\n|%s\n", strings.Join(titles, " | "), strings.Repeat("---|", len(titles)))
	return report{output}
}

// add writes the medians of a comparison's programs over the runs, and the medians of the ratios
// and differences within each run.
func (r report) add(c comparison, runs [][]figures) {
	fmt.Fprintf(r.output, "| **%s** |\n", c.name)
	for i, p := range c.programs {
		plain, zipped := sizes(p.binary)
		r.row(p.name, medianOf(runs, func(run []figures) figures { return run[i] }), "%.2f", plain, zipped)
	}
	for i, p := range c.programs {
		if i > 0 {
			ratio := medianOf(runs, func(run []figures) figures { return run[0].combine(run[i], divide) })
			r.row("/ "+p.name, ratio, "x%.2f")
		}
		if p.name == "floor" {
			difference := medianOf(runs, func(run []figures) figures { return run[0].combine(run[i], subtract) })
			r.row("- "+p.name, difference, "%+.2f")
		}
	}
	if c.records > 1 {
		p50 := medianOf(runs, func(run []figures) figures { return run[0] }).p50
		fmt.Fprintf(r.output, "| %.0f records a second, one batch after the other |\n", 1000*float64(c.records)/p50)
	}
}

func (r report) row(name string, f figures, format string, sizes ...float64) {
	cells := []string{name}
	for _, v := range append(f.list(), sizes...) {
		cell := ""
		if !math.IsNaN(v) {
			cell = fmt.Sprintf(format, v)
		}
		cells = append(cells, cell)
	}
	fmt.Fprintln(r.output, "| "+strings.Join(cells, " | ")+" |")
}

func (f figures) list() []float64 {
	return []float64{f.init, f.first, f.cold, f.p50, f.p99, f.cpu, f.memory, f.throttledFirst, f.throttledCold, f.throttledP50}
}

func figuresOf(l []float64) figures {
	return figures{l[0], l[1], l[2], l[3], l[4], l[5], l[6], l[7], l[8], l[9]}
}

// combine returns what op makes of each figure and that of another program.
func (f figures) combine(other figures, op func(a, b float64) float64) figures {
	combined, others := f.list(), other.list()
	for i := range combined {
		combined[i] = op(combined[i], others[i])
	}
	return figuresOf(combined)
}

func divide(a, b float64) float64   { return a / b }
func subtract(a, b float64) float64 { return a - b }

// medianOf returns the median of every figure over the runs.
func medianOf(runs [][]figures, of func(run []figures) figures) figures {
	medians := figures{}.list()
	for i := range medians {
		values := make([]float64, len(runs))
		for n, run := range runs {
			values[n] = of(run).list()[i]
		}
		medians[i] = percentile.Median(values)
	}
	return figuresOf(medians)
}

// sizes returns those of a binary, and of a zip archive of it, in MB of a million bytes; NaN if it
// cannot be read.
func sizes(binary string) (plain, zipped float64) {
	content, err := os.ReadFile(binary)
	if err != nil {
		return math.NaN(), math.NaN()
	}
	var size counter
	archive := zip.NewWriter(&size)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	bootstrap, err := archive.Create("bootstrap")
	if err == nil {
		_, err = bootstrap.Write(content)
	}
	if err != nil || archive.Close() != nil {
		return math.NaN(), math.NaN()
	}
	return float64(len(content)) / 1e6, float64(size) / 1e6
}

// A counter counts the bytes that are written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
