// Package load runs the local service under load: a generator creates orders at a constant rate
// while the service's peers or its table fail in a chosen way, and a proof then shows that no order
// was lost, doubled or made up.
//
// The service runs in a process of its own, the same program started again, so that its CPU can be
// measured and the generator's garbage collection does not count. The peers, with their injected
// faults, run beside the generator. Latency counts from the time at which a request was due, so
// that a service that makes the generator wait cannot hide it.
package load

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Options say what to run, and how hard and how long. [ParseOptions] makes them.
type Options struct {
	Scenario string // its name; empty: all, one after the other
	Rate     int    // orders a second
	Seconds  int    // of arrivals
	Runs     int    // of every scenario; if more than one, each follows a run without faults, and medians are reported
	Soak     bool   // whether to report how memory and goroutines developed
	Folder   string // where plots and the service's logs go
}

// ParseOptions reads the arguments of a command. The error says which one cannot be used.
func ParseOptions(args []string) (o Options, err error) {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.Scenario, "scenario", "", "the name of one scenario; all if empty")
	flags.IntVar(&o.Rate, "rate", 200, "orders a second")
	flags.IntVar(&o.Seconds, "seconds", 60, "how long orders arrive")
	flags.IntVar(&o.Runs, "runs", 1, "runs of every scenario")
	flags.BoolVar(&o.Soak, "soak", false, "report how memory and goroutines developed")
	flags.StringVar(&o.Folder, "folder", ".build", "where plots and logs go")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	if o.Rate < 1 || o.Rate > 10_000 || o.Seconds < 1 || o.Seconds > 3000 || o.Runs < 1 {
		return o, errors.New("rate must be from 1 to 10000, seconds from 1 to 3000, runs at least 1")
	}
	chosen, err := findScenarios(o.Scenario)
	if err != nil {
		return o, err
	}
	if o.Soak && (len(chosen) != 1 || chosen[0].onTable) {
		return o, errors.New("a soak needs one scenario, with orders in the service's own memory")
	}
	return o, nil
}

// Run runs what the options say and writes what it found to out, plots and logs to the folder. The
// program that calls it must call [Serve] when its argument is [ServeCommand].
//
// The error is for a service that cannot be reached, that lost, doubled or made up an order, or
// that a soak left larger than it was. A missed bar is no error.
func Run(ctx context.Context, o Options, out io.Writer) error {
	chosen, err := findScenarios(o.Scenario)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.Folder, 0o755); err != nil {
		return err
	}
	var rows []row
	var errs []error
	for _, s := range chosen {
		r, err := o.runScenario(ctx, s, out)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		for _, each := range slices.Concat(r.runs, r.faultless) {
			if err := each.proof.err(); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", each.scenario.name, err))
			}
		}
		rows = append(rows, r)
		if o.Soak {
			errs = append(errs, reportSoak(out, r.runs))
		}
	}
	writeTable(out, rows)
	return errors.Join(errs...)
}

// runScenario runs a scenario as often as the options say, each time after a run without faults if
// it is more than once.
func (o Options) runScenario(ctx context.Context, s scenario, out io.Writer) (r row, err error) {
	for range o.Runs {
		if o.Runs > 1 && s.hasFaults() {
			each, err := o.runOnce(ctx, s.withoutFaults(), out)
			if err != nil {
				return r, err
			}
			r.faultless = append(r.faultless, each)
		}
		each, err := o.runOnce(ctx, s, out)
		if err != nil {
			return r, err
		}
		r.runs = append(r.runs, each)
	}
	return r, nil
}

func (o Options) runOnce(ctx context.Context, s scenario, out io.Writer) (*run, error) {
	r := &run{scenario: s, rate: o.Rate, length: time.Duration(o.Seconds) * time.Second, soak: o.Soak}
	name := "load-"
	if o.Soak {
		name = "soak-"
	}
	file := filepath.Join(o.Folder, name+s.fileName())
	if err := r.execute(ctx, file+".log"); err != nil {
		return nil, err
	}
	r.write(out)
	fmt.Fprintf(out, "  %-11s %s\n", "plot", file+".svg")
	return r, os.WriteFile(file+".svg", r.plot(), 0o644)
}
