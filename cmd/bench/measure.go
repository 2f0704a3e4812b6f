package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"orders/internal/lambdaruntime"
)

// Figures are what one run measured of a program: times in milliseconds, memory in MB. All but memory are medians, if
// they are not called otherwise.
type figures struct {
	init   float64 // from the start of the process until it asks for its first event
	first  float64 // from then until the first answer, the event having waited
	cold   float64 // both together
	p50    float64 // of warm invocations
	p99    float64
	cpu    float64 // of all threads, in user and system mode, for a warm invocation
	memory float64 // the largest resident set
}

// measure runs all programs of a comparison in turn, event by event, so that they meet the same noise.
func measure(ctx context.Context, o options, w *world, c comparison) ([]figures, error) {
	subjects := make([]*subject, len(c.programs))
	for i, p := range c.programs {
		subjects[i] = &subject{program: p}
		defer subjects[i].close()
	}
	for range o.cold {
		for _, s := range subjects {
			if err := s.startCold(ctx, w, c); err != nil {
				return nil, err
			}
		}
	}
	if err := invokeAll(ctx, w, c, subjects, o.warm/10); err != nil {
		return nil, err
	}
	for _, s := range subjects {
		s.warm = nil
		s.before = processCPU(s.function.Process().PID)
	}
	if err := invokeAll(ctx, w, c, subjects, o.warm); err != nil {
		return nil, err
	}
	all := make([]figures, len(subjects))
	for i, s := range subjects {
		all[i] = s.figures()
	}
	return all, nil
}

func invokeAll(ctx context.Context, w *world, c comparison, subjects []*subject, times int) error {
	for range times {
		for _, s := range subjects {
			took, err := s.invoke(ctx, w, c)
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
	function          *lambdaruntime.Function
	init, first, cold []float64
	warm              []float64
	before            float64 // the process's CPU when the warm invocations began
}

func (s *subject) close() {
	if s.function != nil {
		s.function.Close()
	}
}

func (s *subject) startCold(ctx context.Context, w *world, c comparison) (err error) {
	s.close()
	if s.function, err = w.start(ctx, s.program); err != nil {
		return err
	}
	process := s.function.Process()
	began := milliseconds(process.Ready.Sub(process.Spawned))
	answered, err := s.invoke(ctx, w, c)
	s.init, s.first, s.cold = append(s.init, began), append(s.first, answered), append(s.cold, began+answered)
	return err
}

// invoke gives the program one event, and returns how long it took to answer.
func (s *subject) invoke(ctx context.Context, w *world, c comparison) (float64, error) {
	event, err := c.event(ctx, w)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	answer, err := s.function.Invoke(ctx, event)
	took := time.Since(began)
	if err == nil && !strings.Contains(string(answer), s.expect) {
		err = fmt.Errorf("%s answered %.500s", s.name, answer)
	}
	return milliseconds(took), err
}

func (s *subject) figures() figures {
	pid := s.function.Process().PID
	return figures{
		init:   median(s.init),
		first:  median(s.first),
		cold:   median(s.cold),
		p50:    median(s.warm),
		p99:    quantile(s.warm, 0.99),
		cpu:    (processCPU(pid) - s.before) / float64(len(s.warm)),
		memory: processMemory(pid),
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile is the nearest-rank quantile, NaN of no values.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}
