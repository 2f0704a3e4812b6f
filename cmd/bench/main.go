// Command bench measures the built functions from the outside, each in a process of its own under
// Lambda's runtime API, and writes a table in Markdown. See README.md beside it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// The options say what to measure, and how often.
type options struct {
	binaries string // the folder of the functions
	floors   string // the folder of the floors
	baseline string // the folder of the functions of another commit, or empty
	only     string // one comparison, or empty for all
	runs     int    // of the whole measurement, of which the medians are reported
	cold     int    // processes started in each run
	warm     int    // invocations in each run
	memory   int    // in MB: whose share of a CPU a function has in the second part of each run; 0: no such part
	sizes    []int  // in MB: only compare these memory sizes
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, output io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	d, err := startDependencies()
	if err != nil {
		return err
	}
	defer d.close()
	if len(o.sizes) > 0 {
		return compareSizes(ctx, o, d, output)
	}
	report := newReport(output, o)
	for _, c := range comparisons(o) {
		if o.only != "" && o.only != c.name {
			continue
		}
		runs := make([][]figures, 0, o.runs)
		for range o.runs {
			measured, err := measure(ctx, o, d, c)
			if err != nil {
				return err
			}
			runs = append(runs, measured)
		}
		report.add(c, runs)
	}
	return nil
}

func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.binaries, "binaries", ".build/bench", "folder of the functions' binaries")
	flags.StringVar(&o.floors, "floors", ".build/bench/floor", "folder of the floors' binaries")
	flags.StringVar(&o.baseline, "baseline", "", "folder of the functions' binaries of another commit, to compare with")
	flags.StringVar(&o.only, "only", "", "measure this line of the table alone")
	flags.IntVar(&o.runs, "runs", 5, "how often to measure everything; the medians are reported")
	flags.IntVar(&o.cold, "cold", 10, "processes to start in each run")
	flags.IntVar(&o.warm, "warm", 200, "invocations to time in each run, after a tenth as many that are not")
	flags.IntVar(&o.memory, "memory", 512, "MB whose share of a CPU functions have in the throttled part; 0: none")
	sizes := flags.String("sizes", "", "memory sizes in MB, separated by commas: compare these instead")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.sizes, err = parseSizes(*sizes); err != nil {
		return o, err
	}
	if o.runs < 1 || o.cold < 1 || o.warm < 1 || o.memory < 0 || flags.NArg() > 0 {
		return o, errors.New("runs, cold and warm must be at least 1, memory at least 0, and nothing may follow the flags")
	}
	for _, folder := range []*string{&o.binaries, &o.floors, &o.baseline} { // functions run in their own folders
		if *folder == "" {
			continue
		}
		if *folder, err = filepath.Abs(*folder); err != nil {
			return o, err
		}
	}
	return o, nil
}
