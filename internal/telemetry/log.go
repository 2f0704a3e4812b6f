// Package telemetry is what operators see of the service: log lines, metrics
// and traces. It is the only package that knows the tracing library.
//
// Nothing here may carry a payment token, an address, a name or a phone number.
// The package cannot tell such a value from another: callers hand it order ids,
// product ids, counts and error texts only, and error texts hold none of the
// above by a rule of this project.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

const (
	service      = "orders"
	serviceKey   = "service"
	requestIDKey = "requestId"
	coldStartKey = "coldStart"
	orderIDKey   = "orderId"
)

// NewLogger returns a logger that writes one JSON object a line to w, each with
// timestamp (RFC 3339, UTC), level, message and service, and with requestId
// when the context is one of a Lambda invocation. These and orderId stand at
// the top level even below WithGroup, for that is where operators query them.
// Lines of the first invocation in a process have coldStart.
// An error logged as a value appears as its text.
//
// Every line is one Write. Where metrics go to the same place, give both a
// LineWriter.
func NewLogger(w io.Writer, level slog.Level) *slog.Logger {
	lines := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: printed})
	return slog.New(handler{top: lines.WithAttrs([]slog.Attr{slog.String(serviceKey, service)}), first: new(atomic.Value)})
}

// Install makes logger the one behind slog's functions and behind package log.
// What comes through package log is logged as an error: in a function only the
// Lambda runtime and net/http use it, and only to report failures. It changes
// the whole process: call it from main.
func Install(logger *slog.Logger) {
	slog.SetDefault(logger)
	slog.SetLogLoggerLevel(slog.LevelError)
}

// ParseLevel reads a LOG_LEVEL: DEBUG, INFO, WARN or ERROR, in any case.
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
	return 0, fmt.Errorf("log level %q is none of DEBUG, INFO, WARN, ERROR", text)
}

// handler keeps open groups to itself instead of handing them on: a slog
// handler with an open group can no longer write to the top level.
type handler struct {
	top    slog.Handler  // holds the attributes of the top level
	groups []group       // outermost first
	first  *atomic.Value // the request id of the first invocation that logged
}

type group struct {
	name  string
	attrs []slog.Attr
}

func (h handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.top.Enabled(ctx, level)
}

func (h handler) Handle(ctx context.Context, record slog.Record) error {
	line := slog.NewRecord(record.Time.UTC(), record.Level, record.Message, record.PC)
	if id := requestID(ctx); id != "" {
		line.AddAttrs(slog.String(requestIDKey, id))
		if h.first.CompareAndSwap(nil, id); h.first.Load() == id {
			line.AddAttrs(slog.Bool(coldStartKey, true))
		}
	}
	attrs := make([]slog.Attr, 0, record.NumAttrs())
	record.Attrs(func(attr slog.Attr) bool {
		attrs = append(attrs, attr)
		return true
	})
	top, inner := h.split(attrs)
	line.AddAttrs(top...)
	line.AddAttrs(h.nest(inner)...)
	return h.top.Handle(ctx, line)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	top, inner := h.split(attrs)
	h.top = h.top.WithAttrs(top)
	if len(inner) > 0 {
		h.groups = slices.Clone(h.groups)
		last := &h.groups[len(h.groups)-1]
		last.attrs = slices.Concat(last.attrs, inner)
	}
	return h
}

func (h handler) WithGroup(name string) slog.Handler {
	if name != "" {
		h.groups = append(slices.Clip(h.groups), group{name: name})
	}
	return h
}

// split tells the attributes of the top level from those of the open group.
func (h handler) split(attrs []slog.Attr) (top, inner []slog.Attr) {
	if len(h.groups) == 0 {
		return attrs, nil
	}
	for _, attr := range attrs {
		if attr.Key == orderIDKey {
			top = append(top, attr)
		} else {
			inner = append(inner, attr)
		}
	}
	return top, inner
}

// nest puts attributes of the innermost group into all the open ones.
func (h handler) nest(attrs []slog.Attr) []slog.Attr {
	for _, g := range slices.Backward(h.groups) {
		value := slog.GroupValue(slices.Concat(g.attrs, attrs)...)
		attrs = []slog.Attr{{Key: g.name, Value: value}}
	}
	return attrs
}

// printed gives the attributes their names and shapes on the line.
func printed(groups []string, attr slog.Attr) slog.Attr {
	if attr.Value.Kind() == slog.KindAny {
		if err, ok := attr.Value.Any().(error); ok {
			attr.Value = slog.AnyValue(textOnly{err})
		}
	}
	return lambdacontext.ReplaceAttr(groups, attr)
}

// textOnly hides every method of an error but Error: one that can marshal
// itself would otherwise print its fields.
type textOnly struct{ error }

// requestID is the id of the Lambda invocation that ctx belongs to, or "".
func requestID(ctx context.Context) string {
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		return invocation.AwsRequestID
	}
	return ""
}
