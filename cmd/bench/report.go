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
)

// A report is a table that grows as functions are measured.
type report struct{ output io.Writer }

func newReport(output io.Writer, o options, w *world) report {
	scheme := "HTTP"
	if o.tls {
		scheme = "HTTPS"
	}
	fmt.Fprintf(output, "%s/%s, %d CPUs, %s; %s; neighbours %v, bus %v, table: %s; medians of %d runs of %d cold starts and %d warm calls; ms, MB\n\n",
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), scheme, neighbourDelay, busDelay, w.table.name, o.runs, o.cold, o.warm)
	fmt.Fprintln(output, "| | init | first answer | init and first | warm p50 | warm p99 | CPU a call | peak memory | binary | zip |")
	fmt.Fprintln(output, "|---|---|---|---|---|---|---|---|---|---|")
	return report{output}
}

// add tells the medians of a comparison's programs over the runs, and the medians of the ratios within each run.
func (r report) add(c comparison, runs [][]figures) {
	for i, p := range c.programs {
		binary, zipped := sizes(p.binary)
		r.row(p.name, medianOf(runs, func(run []figures) figures { return run[i] }), "%.2f", binary, zipped)
	}
	for i, p := range c.programs {
		if i > 0 {
			ratio := medianOf(runs, func(run []figures) figures { return run[0].over(run[i]) })
			r.row(fmt.Sprintf("%s / %s", c.programs[0].name, p.name), ratio, "x%.2f", math.NaN(), math.NaN())
		}
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
	return []float64{f.init, f.first, f.cold, f.p50, f.p99, f.cpu, f.memory}
}

func figuresOf(list []float64) figures {
	return figures{init: list[0], first: list[1], cold: list[2], p50: list[3], p99: list[4], cpu: list[5], memory: list[6]}
}

func (f figures) over(floor figures) figures {
	ratios, below := f.list(), floor.list()
	for i := range ratios {
		ratios[i] /= below[i]
	}
	return figuresOf(ratios)
}

// medianOf takes the median of every figure over the runs.
func medianOf(runs [][]figures, of func(run []figures) figures) figures {
	medians := figures{}.list()
	for i := range medians {
		values := make([]float64, len(runs))
		for n, run := range runs {
			values[n] = of(run).list()[i]
		}
		medians[i] = median(values)
	}
	return figuresOf(medians)
}

// sizes are those of a binary, and of an archive of it, in MB of a million bytes; NaN if it cannot be read.
func sizes(binary string) (plain, zipped float64) {
	content, err := os.ReadFile(binary)
	if err != nil {
		return math.NaN(), math.NaN()
	}
	var size counter
	archive := zip.NewWriter(&size)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	bootstrap, err := archive.Create("bootstrap")
	if err == nil {
		_, err = bootstrap.Write(content)
	}
	if err != nil || archive.Close() != nil {
		return math.NaN(), math.NaN()
	}
	return float64(len(content)) / 1e6, float64(size) / 1e6
}

// A counter counts what is written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
