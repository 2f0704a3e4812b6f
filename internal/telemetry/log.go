// Package telemetry provides what operators see of the service: logs, metrics and traces. It is the
// only package that imports the tracing library.
//
// No payment token, address, name or phone number may get into any of them. The package cannot
// recognize such a value: callers pass order IDs, product IDs, counts and error texts only, and by
// a rule of this project error texts contain none of the above.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"orders/internal/buildinfo"
)

const (
	service      = "orders"
	serviceKey   = "service"
	requestIDKey = "requestId"
	coldStartKey = "coldStart"
	commitKey    = "commit"
	orderIDKey   = "orderId"
)

// NewLogger returns a logger that writes one JSON object a line to w, each with timestamp (RFC
// 3339, UTC), level, message and service, and with requestId if the context is one of a Lambda
// invocation. Lines of the first invocation in a process have coldStart and commit. An error logged
// as a value appears as its text. Do not use groups: operators query for attributes at the top
// level.
//
// Every line is one Write. If metrics go to the same writer, wrap it in a LineWriter.
func NewLogger(w io.Writer, level slog.Level) *slog.Logger {
	lines := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: replaceAttr})
	return slog.New(handler{lines.WithAttrs([]slog.Attr{slog.String(serviceKey, service)}), new(atomic.Value)})
}

// Install makes logger the default of slog and of package log. Output of package log is logged as
// an error: in a function only the Lambda runtime and net/http use it, and only to report failures.
// It changes the whole process: call it from main.
func Install(logger *slog.Logger) {
	slog.SetDefault(logger)
	slog.SetLogLoggerLevel(slog.LevelError)
}

// ParseLevel parses a LOG_LEVEL: DEBUG, INFO, WARN or ERROR, in any case.
func ParseLevel(text string) (slog.Level, error) {
	switch strings.ToUpper(text) {
	case "DEBUG":
		return slog.LevelDebug, nil
	case "INFO":
		return slog.LevelInfo, nil
	case "WARN":
		return slog.LevelWarn, nil
	case "ERROR":
		return slog.LevelError, nil
	}
	return 0, fmt.Errorf("log level %q must be DEBUG, INFO, WARN or ERROR", text)
}

// A handler adds what it finds in the context.
type handler struct {
	slog.Handler
	first *atomic.Value // the request ID of the first invocation that logged
}

func (h handler) Handle(ctx context.Context, record slog.Record) error {
	record.Time = record.Time.UTC()
	if id := requestID(ctx); id != "" {
		record = record.Clone()
		record.AddAttrs(slog.String(requestIDKey, id))
		if h.first.CompareAndSwap(nil, id); h.first.Load() == id {
			record.AddAttrs(slog.Bool(coldStartKey, true), slog.String(commitKey, buildinfo.Commit()))
		}
	}
	return h.Handler.Handle(ctx, record)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs), h.first}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.first}
}

// replaceAttr gives attributes their names and values on the line.
func replaceAttr(groups []string, attr slog.Attr) slog.Attr {
	if attr.Value.Kind() == slog.KindAny {
		if err, ok := attr.Value.Any().(error); ok {
			attr.Value = slog.AnyValue(textOnly{err})
		}
	}
	return lambdacontext.ReplaceAttr(groups, attr)
}

// textOnly hides every method of an error but Error: an error that can marshal itself would
// otherwise print its fields.
type textOnly struct{ error }

// requestID returns the ID of the Lambda invocation that ctx belongs to, or "".
func requestID(ctx context.Context) string {
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		return invocation.AwsRequestID
	}
	return ""
}

// A LineWriter lets a logger and metrics share one destination. Both write a whole line at a time,
// so that serializing their Writes is enough to keep lines whole. The standard output does that by
// itself; a buffer or a pipe in a test does not.
type LineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// NewLineWriter returns a LineWriter to w.
func NewLineWriter(w io.Writer) *LineWriter {
	return &LineWriter{w: w}
}

// Write writes one line.
func (l *LineWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(line)
}
