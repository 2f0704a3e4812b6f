package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"orders/internal/local/eventbridge"
	"orders/internal/local/lambda"
	"orders/internal/local/xray"
	"orders/internal/telemetry"
)

// maxRequests is the number of invocations whose logs and traces are kept.
const maxRequests = 5000

// A Recorder keeps what the functions log, trace and publish, for the console. It is safe for
// concurrent use.
type Recorder struct {
	out   io.Writer
	level slog.Level

	mu       sync.Mutex
	requests map[string]*request // by request ID
	oldest   []string            // request IDs, oldest first
	traces   map[string][]xray.Segment
	orders   orderIndex
	metrics  metricStore
	errors   []logLine // the last error lines, oldest first
	watchers map[chan struct{}]bool
}

// A request is one invocation of a function, with the HTTP request that caused it, if any.
type request struct {
	ID       string
	Function string
	Start    time.Time
	Duration time.Duration // 0 while it runs
	Failure  string
	HTTP     *HTTPRequest
	Lines    []logLine
}

// An HTTPRequest is one request to the API, with its response.
type HTTPRequest struct {
	RequestID    string // of the invocation; it names none if the gateway rejected the request
	Start        time.Time
	Duration     time.Duration
	Method, Path string
	Status       int
}

// A logLine is one line of a function's log.
type logLine struct {
	Time      time.Time `json:"timestamp"`
	Level     string    `json:"level"`
	Message   string    `json:"message"`
	RequestID string    `json:"requestId"`
	OrderID   string    `json:"orderId"`
	Text      []byte    `json:"-"` // the whole line
}

// Attributes returns the line's own attributes as text, without those of every line.
func (l logLine) Attributes() string {
	var fields map[string]any
	if json.Unmarshal(l.Text, &fields) != nil {
		return ""
	}
	var text []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		switch name {
		case "timestamp", "level", "message", "service", "requestId", "orderId", "coldStart":
		default:
			text = append(text, fmt.Sprintf("%s=%v", name, fields[name]))
		}
	}
	return truncate(strings.Join(text, " "))
}

// NewRecorder returns a recorder that passes on to out the log lines of at least this level.
func NewRecorder(out io.Writer, level slog.Level) *Recorder {
	return &Recorder{
		out: out, level: level,
		requests: map[string]*request{},
		traces:   map[string][]xray.Segment{},
		orders:   newOrderIndex(),
		metrics:  metricStore{},
		watchers: map[chan struct{}]bool{},
	}
}

// Write records one log line or one line of embedded metrics.
func (r *Recorder) Write(text []byte) (int, error) {
	var line struct {
		logLine
		Metrics json.RawMessage `json:"_aws"`
	}
	if err := json.Unmarshal(text, &line); err != nil {
		return r.out.Write(text)
	}
	line.Text = bytes.Clone(text)
	if line.Metrics != nil {
		r.metrics.addEmbedded(text)
	} else {
		r.addLine(line.logLine)
		if level, err := telemetry.ParseLevel(line.Level); err == nil && level < r.level {
			return len(text), nil
		}
	}
	return r.out.Write(text)
}

func (r *Recorder) addLine(line logLine) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if line.Level == "ERROR" {
		r.errors = append(r.errors, line)
		r.errors = r.errors[max(0, len(r.errors)-20):]
	}
	if line.RequestID != "" {
		request := r.request(line.RequestID)
		request.Lines = append(request.Lines, line)
	}
	if line.OrderID != "" {
		r.orders.addLine(line)
	}
	r.changed()
}

// request returns the record with this ID, and makes one if there is none.
func (r *Recorder) request(id string) *request {
	if known, ok := r.requests[id]; ok {
		return known
	}
	if len(r.oldest) == maxRequests {
		delete(r.requests, r.oldest[0])
		delete(r.traces, lambda.TraceSuffix(r.oldest[0]))
		r.oldest = r.oldest[1:]
	}
	added := &request{ID: id}
	r.requests[id] = added
	r.oldest = append(r.oldest, id)
	return added
}

// Invocation records the end of an invocation.
func (r *Recorder) Invocation(i lambda.Invocation) {
	r.metrics.addInvocation(i)
	r.mu.Lock()
	defer r.mu.Unlock()
	request := r.request(i.RequestID)
	request.Function, request.Start, request.Duration = i.Function, i.Start, i.Duration
	if i.Err != nil {
		request.Failure = i.Err.Error()
	}
	r.changed()
}

// HTTPRequest records a request to the API, once it has its response.
func (r *Recorder) HTTPRequest(h HTTPRequest) {
	r.metrics.addHTTPRequest(h)
	r.mu.Lock()
	defer r.mu.Unlock()
	if request, ok := r.requests[h.RequestID]; ok {
		request.HTTP = &h
	}
	r.changed()
}

// Segment records a trace.
func (r *Recorder) Segment(s xray.Segment) {
	suffix := s.TraceID[strings.LastIndex(s.TraceID, "-")+1:]
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.traces) < 2*maxRequests { // some may be of requests that are no longer kept
		r.traces[suffix] = append(r.traces[suffix], s)
	}
	r.changed()
}

// Event records an event that the bus accepted.
func (r *Recorder) Event(e eventbridge.Event) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.orders.addEvent(e, now)
	if e.Source == "ecommerce.orders" {
		r.metrics.add(metric{"AWS/Events", "TriggeredRules", ""}, now, 1)
	}
	r.changed()
}

// lastErrors returns the last error lines, newest first.
func (r *Recorder) lastErrors() []logLine {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := slices.Clone(r.errors)
	slices.Reverse(lines)
	return lines
}

// lastErrorOf returns the error that a function last logged about an order, or "".
func (r *Recorder) lastErrorOf(orderID string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.orders.byID[orderID]
	if !ok {
		return ""
	}
	for _, id := range slices.Backward(known.requests) {
		request, ok := r.requests[id]
		if !ok {
			continue
		}
		for _, line := range slices.Backward(request.Lines) {
			var fields struct{ Error string }
			if line.Level == "ERROR" && line.OrderID == orderID && json.Unmarshal(line.Text, &fields) == nil && fields.Error != "" {
				return fields.Error
			}
		}
	}
	return ""
}

// changed wakes the watchers. The caller holds the lock.
func (r *Recorder) changed() {
	for watcher := range r.watchers {
		select {
		case watcher <- struct{}{}:
		default: // it has not yet looked at the last change
		}
	}
}

// watch returns a channel that receives a value after changes, until stop is called.
func (r *Recorder) watch() (changes <-chan struct{}, stop func()) {
	watcher := make(chan struct{}, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watchers[watcher] = true
	return watcher, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.watchers, watcher)
	}
}
