package load

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// Options say how hard and how long a run presses. [ParseOptions] makes them.
type Options struct {
	Scenario string // its name; empty: all, one after the other
	Rate     int    // orders a second
	Seconds  int    // of arrivals
	Runs     int    // of every scenario; with more than one, each has an undisturbed one beside it, and medians are told
	Soak     bool   // whether it is told how memory and goroutines went
	Folder   string // where plots and the service's logs go
}

// ParseOptions reads the arguments of a command. The error says what cannot be used.
func ParseOptions(args []string) (o Options, err error) {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.Scenario, "scenario", "", "the name of one scenario; all if empty")
	flags.IntVar(&o.Rate, "rate", 200, "orders a second")
	flags.IntVar(&o.Seconds, "seconds", 60, "how long orders arrive")
	flags.IntVar(&o.Runs, "runs", 1, "runs of every scenario")
	flags.BoolVar(&o.Soak, "soak", false, "tell how memory and goroutines went")
	flags.StringVar(&o.Folder, "folder", ".build", "where plots and logs go")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("no argument %q is known", flags.Arg(0))
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
