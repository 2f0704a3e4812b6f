// Command bench measures the built functions from the outside, each in a process of its own under Lambda's runtime API,
// and prints a table in Markdown. See `make bench`, and "Fast and small" in the README.
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
	floors   string // the folder of the programs to measure beside them, or empty
	only     string // one function, or empty for all
	runs     int    // of the whole measurement, of which the medians are told
	cold     int    // processes started in each run
	warm     int    // invocations in each run
	tls      bool   // HTTPS to everything that the functions call
	table    string // "local" for DynamoDB Local, "stand-in", or "auto"
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
	w, err := newWorld(ctx, o)
	if err != nil {
		return err
	}
	defer w.close()
	report := newReport(output, o, w)
	for _, c := range comparisons(o) {
		if o.only != "" && o.only != c.programs[0].name {
			continue
		}
		runs := make([][]figures, 0, o.runs)
		for range o.runs {
			measured, err := measure(ctx, o, w, c)
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
	flags.StringVar(&o.floors, "floor", "", "folder of a_hello, f_limit_xray and i_table_update, measured in turn with the functions")
	flags.StringVar(&o.only, "only", "", "measure this function alone")
	flags.IntVar(&o.runs, "runs", 5, "how often to measure all; the medians are printed")
	flags.IntVar(&o.cold, "cold", 10, "processes to start in each run")
	flags.IntVar(&o.warm, "warm", 200, "invocations to time in each run, after a tenth as many that are not")
	flags.BoolVar(&o.tls, "tls", false, "HTTPS to neighbours, bus and table")
	flags.StringVar(&o.table, "table", "auto", "local: DynamoDB Local; stand-in: one that answers at once; auto: local where it can be had")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.runs < 1 || o.cold < 1 || o.warm < 1 || flags.NArg() > 0 {
		return o, errors.New("runs, cold and warm must be at least 1, and nothing may follow the flags")
	}
	// The functions run in their own folders.
	if o.binaries, err = filepath.Abs(o.binaries); err == nil && o.floors != "" {
		o.floors, err = filepath.Abs(o.floors)
	}
	return o, err
}
