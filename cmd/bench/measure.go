package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"strings"
	"time"

	"github.com/prometheus/procfs"

	"orders/internal/lambdaruntime"
	"orders/internal/percentile"
)

// fullMemory is the memory size, in MB, at which Lambda gives a function one CPU.
const fullMemory = 1769

// Figures are what one run measured of a program: times in milliseconds, memory in MB. All but
// memory are medians, unless their names say otherwise. What was not measured is NaN.
type figures struct {
	init   float64 // from the start of the process until it asks for its first event
	first  float64 // from then until the first response, with an event waiting
	cold   float64 // both together
	p50    float64 // of warm invocations
	p99    float64
	cpu    float64 // of all threads, user and system time, for a warm invocation
	memory float64 // the largest resident set

	// With the CPU of a memory size from the first request for an event on, as on Lambda:
	throttledFirst, throttledCold, throttledP50 float64
}

// measure measures all programs of a comparison in turn.
func measure(ctx context.Context, o options, d *dependencies, c comparison) ([]figures, error) {
	all, err := measurePart(ctx, o, d, c, 0)
	if err != nil || o.memory == 0 || lambdaruntime.CanThrottle() != nil {
		return all, err
	}
	o.warm = max(1, o.warm/4)
	throttled, err := measurePart(ctx, o, d, c, float64(o.memory)/fullMemory)
	if err != nil {
		return nil, err
	}
	for i, f := range throttled {
		all[i].throttledFirst, all[i].throttledCold, all[i].throttledP50 = f.first, f.cold, f.p50
	}
	return all, nil
}

// measurePart measures all programs with a share of a CPU, or unthrottled for 0.
func measurePart(ctx context.Context, o options, d *dependencies, c comparison, share float64) ([]figures, error) {
	subjects := make([]*subject, len(c.programs))
	for i, p := range c.programs {
		subjects[i] = &subject{program: p, comparison: c, dependencies: d, share: share}
	}
	return measureInTurn(ctx, o, subjects)
}

// measureInTurn measures subjects event by event, so that they meet the same noise.
func measureInTurn(ctx context.Context, o options, subjects []*subject) ([]figures, error) {
	for _, s := range subjects {
		defer s.close()
	}
	for range o.cold {
		for _, s := range subjects {
			if err := s.startCold(ctx); err != nil {
				return nil, err
			}
		}
	}
	if err := invokeAll(ctx, subjects, o.warm/10); err != nil {
		return nil, err
	}
	for _, s := range subjects {
		s.warm = nil
		s.cpuBefore, _ = s.process()
	}
	if err := invokeAll(ctx, subjects, o.warm); err != nil {
		return nil, err
	}
	all := make([]figures, len(subjects))
	for i, s := range subjects {
		all[i] = s.figures()
	}
	return all, nil
}

func invokeAll(ctx context.Context, subjects []*subject, times int) error {
	for range times {
		for _, s := range subjects {
			took, err := s.invoke(ctx)
			if err != nil {
				return err
			}
			s.warm = append(s.warm, took)
		}
	}
	return nil
}

// A subject is a program with what was measured of it in this run.
type subject struct {
	program
	comparison   comparison
	dependencies *dependencies
	share        float64 // of a CPU; 0: unthrottled

	function          *lambdaruntime.Function
	init, first, cold []float64
	warm              []float64
	cpuBefore         float64 // of the process when the warm invocations began
}

func (s *subject) close() {
	if s.function != nil {
		s.function.Close()
	}
}

func (s *subject) startCold(ctx context.Context) (err error) {
	s.close()
	env := maps.Clone(s.dependencies.env)
	if s.comparison.env != nil {
		maps.Copy(env, s.comparison.env(s.dependencies))
	}
	s.function, err = lambdaruntime.Start(ctx, lambdaruntime.Options{
		Binary: s.binary, Name: s.name, Env: env, Memory: fullMemory, CPU: s.share, Timeout: time.Minute,
	})
	if err != nil {
		return err
	}
	process := s.function.Process()
	began := milliseconds(process.Ready.Sub(process.Spawned))
	responded, err := s.invoke(ctx)
	s.init, s.first, s.cold = append(s.init, began), append(s.first, responded), append(s.cold, began+responded)
	return err
}

// invoke passes the program one event, and returns how long it took to respond.
func (s *subject) invoke(ctx context.Context) (float64, error) {
	event, err := s.comparison.event(s.dependencies)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	response, err := s.function.Invoke(ctx, event)
	took := time.Since(began)
	if err == nil && !strings.Contains(string(response), s.expect) {
		err = fmt.Errorf("%s returned %.500s", s.name, response)
	}
	return milliseconds(took), err
}

func (s *subject) figures() figures {
	cpu, memory := s.process()
	return figures{
		init:   percentile.Median(s.init),
		first:  percentile.Median(s.first),
		cold:   percentile.Median(s.cold),
		p50:    percentile.Median(s.warm),
		p99:    percentile.Of(s.warm, 0.99),
		cpu:    (cpu - s.cpuBefore) / float64(len(s.warm)),
		memory: memory,

		throttledFirst: math.NaN(), throttledCold: math.NaN(), throttledP50: math.NaN(),
	}
}

// process returns the CPU time of the process so far, in milliseconds, and its largest resident
// set, in MB; NaN where there is no /proc.
func (s *subject) process() (cpu, memory float64) {
	process, err := procfs.NewProc(s.function.Process().PID)
	if err != nil {
		return math.NaN(), math.NaN()
	}
	stat, errStat := process.Stat()
	status, errStatus := process.NewStatus()
	if errStat != nil || errStatus != nil {
		return math.NaN(), math.NaN()
	}
	return 1000 * stat.CPUTime(), float64(status.VmHWM) / 1e6
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
