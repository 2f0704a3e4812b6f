package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"orders/internal/lambdaruntime"
)

// parseSizes reads memory sizes in MB, separated by commas.
func parseSizes(text string) (sizes []int, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		size, err := strconv.Atoi(part)
		if err != nil || size < 128 || size > 10_240 {
			return nil, fmt.Errorf("memory size %q must be from 128 to 10240", part)
		}
		sizes = append(sizes, size)
	}
	return sizes, nil
}

// compareSizes measures every function with the CPU of several memory sizes, in turn, and writes a
// table of cold start, warm median and price: GB-seconds of a thousand warm invocations.
func compareSizes(ctx context.Context, o options, d *dependencies, output io.Writer) error {
	if err := lambdaruntime.CanThrottle(); err != nil {
		return fmt.Errorf("compare memory sizes: %w", err)
	}
	fmt.Fprintf(output, "Cold start and warm p50 in ms, GB-seconds of 1,000 warm calls; medians of %d runs\n\n", o.runs)
	titles, lines := "| MB |", make([]string, len(o.sizes))
	for i, size := range o.sizes {
		lines[i] = fmt.Sprintf("| %d |", size)
	}
	columns := 1
	for _, c := range comparisons(o) {
		if c.env != nil || o.only != "" && o.only != c.name {
			continue
		}
		columns++
		titles += fmt.Sprintf(" %s |", c.name)
		var runs [][]figures
		for range o.runs {
			measured, err := measureSizes(ctx, o, d, c)
			if err != nil {
				return err
			}
			runs = append(runs, measured)
		}
		for i, size := range o.sizes {
			f := medianOf(runs, func(run []figures) figures { return run[i] })
			price := f.p50 * float64(size) / 1024 // a thousand times as many seconds
			lines[i] += fmt.Sprintf(" %.0f, %.1f, %.1f |", f.cold, f.p50, price)
		}
	}
	fmt.Fprintf(output, "%s\n|%s\n%s\n", titles, strings.Repeat("---|", columns), strings.Join(lines, "\n"))
	return nil
}

// measureSizes measures the function of a comparison with the CPU of each memory size.
func measureSizes(ctx context.Context, o options, d *dependencies, c comparison) ([]figures, error) {
	subjects := make([]*subject, len(o.sizes))
	for i, size := range o.sizes {
		subjects[i] = &subject{program: c.programs[0], comparison: c, dependencies: d, share: float64(size) / fullMemory}
	}
	return measureInTurn(ctx, o, subjects)
}
