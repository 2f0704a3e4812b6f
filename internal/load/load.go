package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Run presses as the options say and writes what it found to out, plots and logs to the folder. The program that
// calls it must call [Serve] when its argument is [ServeCommand]. The error tells of a service that could not be
// asked, that lost, doubled or made up an order, or that a soak left larger than it was; that an answer took too long
// is no error.
func Run(ctx context.Context, o Options, out io.Writer) error {
	chosen, err := findScenarios(o.Scenario)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.Folder, 0o755); err != nil {
		return err
	}
	var rows []row
	var faults []error
	for _, s := range chosen {
		r, err := o.runScenario(ctx, s, out)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		for _, result := range slices.Concat(r.runs, r.beside) {
			if err := result.proof.err(); err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", result.scenario.name, err))
			}
		}
		rows = append(rows, r)
		if o.Soak {
			faults = append(faults, reportSoak(out, r.runs))
		}
	}
	if len(rows) > 0 {
		writeTable(out, rows)
	}
	if o.Scenario == "" || o.Scenario == drainScenario {
		faults = append(faults, reportDrain(ctx, out))
	}
	return errors.Join(faults...)
}

// runScenario runs a scenario as often as is wished, each time after an undisturbed run if it is more than once.
func (o Options) runScenario(ctx context.Context, s scenario, out io.Writer) (r row, err error) {
	for range o.Runs {
		if o.Runs > 1 && s.isDisturbed() {
			result, err := o.runOnce(ctx, s.undisturbed(), out)
			if err != nil {
				return r, err
			}
			r.beside = append(r.beside, result)
		}
		result, err := o.runOnce(ctx, s, out)
		if err != nil {
			return r, err
		}
		r.runs = append(r.runs, result)
	}
	return r, nil
}

func (o Options) runOnce(ctx context.Context, s scenario, out io.Writer) (*result, error) {
	t := trial{scenario: s, rate: o.Rate, length: time.Duration(o.Seconds) * time.Second, folder: o.Folder, soak: o.Soak}
	name := "load-"
	if o.Soak {
		name = "soak-"
	}
	r, err := t.run(ctx)
	if err != nil {
		return nil, err
	}
	r.write(out)
	file := filepath.Join(o.Folder, name+s.fileName()+".svg")
	fmt.Fprintf(out, "  %-11s %s\n", "plot", file)
	return r, os.WriteFile(file, r.plot(o.Soak), 0o644)
}
