package console

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"orders/internal/local/lambda"
	"orders/internal/local/xray"
)

// A timeline is what happened to one order, in the order in which it began.
type timeline struct {
	Start time.Time
	Steps []step
}

// A step is one invocation of a function, or one event.
type step struct {
	At       time.Time
	Offset   time.Duration // since the timeline's start
	Kind     string        // "function" or "event"
	Title    string
	Note     string // what came of it
	State    string // "ok", "warn" or "bad"
	Duration time.Duration
	Bars     []bar
}

// A bar is one piece of work in a step, on the scale of the step.
type bar struct {
	Name        string
	Depth       int
	Left, Width float64 // percent
	Duration    time.Duration
	Note        string
	State       string
}

// timeline returns what is known about an order: its steps, its events and its log lines.
func (r *Recorder) timeline(orderID string) (timeline, []recordedEvent, []logLine) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.orders.byID[orderID]
	if !ok {
		return timeline{}, nil, nil
	}
	var t timeline
	var lines []logLine
	for _, id := range known.requests {
		request, ok := r.requests[id]
		if !ok {
			continue // no longer kept
		}
		var own []logLine
		for _, line := range request.Lines {
			if line.OrderID == orderID || line.OrderID == "" {
				own = append(own, line)
			}
		}
		lines = append(lines, own...)
		t.Steps = append(t.Steps, stepOf(request, own, r.traces[lambda.TraceSuffix(id)]))
	}
	for _, e := range known.events {
		t.Steps = append(t.Steps, step{At: e.Accepted, Kind: "event", Title: e.DetailType, Note: "from " + e.Source, State: "ok"})
	}
	slices.SortStableFunc(t.Steps, func(a, b step) int { return a.At.Compare(b.At) })
	if len(t.Steps) > 0 {
		t.Start = t.Steps[0].At
	}
	for i := range t.Steps {
		t.Steps[i].Offset = t.Steps[i].At.Sub(t.Start)
	}
	slices.SortStableFunc(lines, func(a, b logLine) int { return a.Time.Compare(b.Time) })
	return t, slices.Clone(known.events), lines
}

func stepOf(r *request, lines []logLine, trace []xray.Segment) step {
	s := step{At: r.Start, Kind: "function", Title: cmp.Or(r.Function, "running"), Duration: r.Duration, State: "ok"}
	if r.Start.IsZero() && len(lines) > 0 {
		s.At = lines[0].Time
	}
	if h := r.HTTP; h != nil {
		s.Title = h.Method + " " + h.Path
		s.Note = fmt.Sprintf("%d in %s", h.Status, formatMilliseconds(h.Duration))
		if h.Status >= 500 {
			s.State = "bad"
		} else if h.Status >= 400 {
			s.State = "warn"
		}
	}
	for _, line := range lines {
		if s.Note == "" || line.Message == "fulfilment update applied" {
			s.Note = line.Message
		}
		if line.Level == "ERROR" || line.Level == "WARN" {
			s.Note = line.Message
			s.State = map[string]string{"ERROR": "bad", "WARN": "warn"}[line.Level]
		}
	}
	if r.Failure != "" {
		s.State, s.Note = "bad", r.Failure
	}
	s.Bars = barsOf(s, trace)
	return s
}

// barsOf returns the function's own bar, and those of its trace below.
func barsOf(s step, trace []xray.Segment) []bar {
	scale := s.Duration
	if scale <= 0 {
		return nil
	}
	slices.SortStableFunc(trace, func(a, b xray.Segment) int { return cmp.Compare(a.StartTime, b.StartTime) })
	var bars []bar
	var add func(segment xray.Segment, name string, depth int)
	add = func(segment xray.Segment, name string, depth int) {
		start, end := secondsToTime(segment.StartTime), secondsToTime(segment.EndTime)
		b := bar{Name: name, Depth: depth, Duration: end.Sub(start), State: "ok"}
		b.Left = max(0, min(100, 100*float64(start.Sub(s.At))/float64(scale)))
		b.Width = max(0.4, min(100-b.Left, 100*float64(b.Duration)/float64(scale)))
		b.Note = outcomeOf(segment)
		switch {
		case b.Note == canceled: // another attempt was first
			b.State = "idle"
		case segment.Fault || segment.Error || segment.Throttle:
			b.State = "bad"
		}
		bars = append(bars, b)
		slices.SortStableFunc(segment.Subsegments, func(a, b xray.Segment) int { return cmp.Compare(a.StartTime, b.StartTime) })
		for i, attempt := range segment.Subsegments {
			add(attempt, attemptName(segment.Subsegments, i), depth+1)
		}
	}
	for _, segment := range trace {
		add(segment, spanName(segment), 0)
	}
	return bars
}

// attemptName says what a request within a check is: a hedge begins while an earlier attempt still
// runs.
func attemptName(attempts []xray.Segment, i int) string {
	if attempts[i].HTTP == nil || attempts[i].AWS != nil {
		return spanName(attempts[i])
	}
	switch {
	case i == 0:
		return "attempt 1"
	case attempts[i].StartTime < attempts[i-1].EndTime:
		return fmt.Sprintf("attempt %d, hedge", i+1)
	}
	return fmt.Sprintf("attempt %d, retry", i+1)
}

func spanName(s xray.Segment) string {
	if operation, ok := s.AWS["operation"].(string); ok {
		return s.Name + " " + operation
	}
	return s.Name
}

// canceled is the outcome of an attempt that is no longer needed.
const canceled = "canceled"

// outcomeOf returns the status of a segment's response, or why there is none.
func outcomeOf(s xray.Segment) string {
	if s.Cause != nil && len(s.Cause.Exceptions) > 0 {
		if strings.Contains(s.Cause.Exceptions[0].Message, context.Canceled.Error()) {
			return canceled
		}
		return truncate(s.Cause.Exceptions[0].Message)
	}
	if s.HTTP != nil && s.HTTP.Response.Status > 0 {
		return fmt.Sprint(s.HTTP.Response.Status)
	}
	if s.Throttle {
		return "throttled"
	}
	if s.Fault || s.Error {
		return "failed"
	}
	return ""
}

func secondsToTime(seconds float64) time.Time {
	whole := int64(seconds)
	return time.Unix(whole, int64((seconds-float64(whole))*1e9))
}
