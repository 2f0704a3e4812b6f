package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"orders/internal/lambdaruntime"
	"orders/internal/percentile"
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

// compareSizes measures every function with the CPU of several memory sizes, and writes a table of
// cold start, warm median and price: GB-seconds of a thousand warm invocations. The sizes take
// turns in each run.
func compareSizes(ctx context.Context, o options, d *dependencies, output io.Writer) error {
	if err := lambdaruntime.CanThrottle(); err != nil {
		return fmt.Errorf("compare memory sizes: %w", err)
	}
	fmt.Fprintf(output, "Cold start and warm p50 in ms, GB-seconds of 1,000 warm calls; medians of %d runs\n\n| MB |", o.runs)
	var all []comparison
	for _, c := range comparisons(o) {
		if c.env == nil && (o.only == "" || o.only == c.name) {
			c.programs = c.programs[:1]
			all = append(all, c)
			fmt.Fprintf(output, " %s |", c.name)
		}
	}
	fmt.Fprintf(output, "\n|---|%s\n", strings.Repeat("---|", len(all)))
	cold, warm := map[string][]float64{}, map[string][]float64{}
	key := func(size int, c comparison) string { return fmt.Sprint(size, c.name) }
	for range o.runs {
		for _, size := range o.sizes {
			for _, c := range all {
				measured, err := measurePart(ctx, o, d, c, float64(size)/fullMemory)
				if err != nil {
					return err
				}
				cold[key(size, c)] = append(cold[key(size, c)], measured[0].cold)
				warm[key(size, c)] = append(warm[key(size, c)], measured[0].p50)
			}
		}
	}
	for _, size := range o.sizes {
		fmt.Fprintf(output, "| %d |", size)
		for _, c := range all {
			p50 := percentile.Median(warm[key(size, c)])
			price := p50 * float64(size) / 1024 // a thousand times as many seconds
			fmt.Fprintf(output, " %.0f, %.1f, %.1f |", percentile.Median(cold[key(size, c)]), p50, price)
		}
		fmt.Fprintln(output)
	}
	return nil
}
