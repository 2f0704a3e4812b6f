package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/aws/aws-xray-sdk-go/v2/header"
	"github.com/aws/aws-xray-sdk-go/v2/strategy/ctxmissing"
	"github.com/aws/aws-xray-sdk-go/v2/strategy/exception"
	"github.com/aws/aws-xray-sdk-go/v2/xray"
	"github.com/aws/aws-xray-sdk-go/v2/xraylog"

	"orders/internal/order"
)

// Tracer tells AWS X-Ray what happens within an invocation. The zero Tracer is
// off, and then every method is a plain call-through: nothing is recorded, sent
// or logged. So it is, too, for a context that belongs to no trace.
//
// The trace is always taken from the context, where the Lambda runtime puts it,
// and never from the environment: several invocations may run in one process.
// Safe for concurrent use.
type Tracer struct {
	recorder *xray.Config // nil when off
}

// NewTracer returns a Tracer that is on when AWS_XRAY_DAEMON_ADDRESS is set, as
// Lambda sets it, and AWS_XRAY_SDK_DISABLED is not true. An address that cannot
// be understood is an error.
//
// It silences the X-Ray SDK's own log, which is one for the whole process and
// no JSON: call it from main, once.
func NewTracer(getenv func(string) string) (Tracer, error) {
	address := getenv("AWS_XRAY_DAEMON_ADDRESS")
	if address == "" || strings.EqualFold(getenv("AWS_XRAY_SDK_DISABLED"), "true") {
		return Tracer{}, nil
	}
	xray.SetLogger(xraylog.NullLogger)
	daemon, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return Tracer{}, fmt.Errorf("AWS_XRAY_DAEMON_ADDRESS: %w", err)
	}
	emitter, err := xray.NewDefaultEmitter(daemon) // opens its socket at the first use
	if err != nil {
		return Tracer{}, fmt.Errorf("tracing: %w", err)
	}
	return Tracer{recorder: &xray.Config{
		Emitter:                     emitter,
		ExceptionFormattingStrategy: exceptions{&exception.DefaultFormattingStrategy{}},
		ContextMissingStrategy:      ctxmissing.NewDefaultIgnoreErrorStrategy(),
	}}, nil
}

// Capture runs f as a step of the trace, a subsegment called name, and returns
// f's error. The step can be found by the order that ctx is about. The error marks the step as failed and leaves its text in the
// trace, as far as exceptions lets it through. A panic goes on to the caller;
// of its value nothing is recorded.
func (t Tracer) Capture(ctx context.Context, name string, f func(context.Context) error) error {
	ctx = t.join(ctx)
	if t.segment(ctx) == nil {
		return f(ctx)
	}
	ctx, step := xray.BeginSubsegment(ctx, name)
	t.annotateOrder(ctx)
	err := errPanicked // stays when f does not return
	defer func() { step.Close(err) }()
	err = f(ctx)
	return err
}

var errPanicked = errors.New("panic")

// annotateOrder lets the step that ctx belongs to be found by the order that it
// is about.
func (t Tracer) annotateOrder(ctx context.Context) {
	if orderID := order.OrderIDFromContext(ctx); orderID != "" {
		t.Annotate(ctx, orderIDKey, orderID)
	}
}

// Annotate adds a value that traces can be searched by to the step that ctx
// belongs to. A key consists of letters, digits and underscores. Outside of
// Capture it has no effect: Lambda's own segment cannot be written to.
func (t Tracer) Annotate(ctx context.Context, key, value string) {
	if step := t.segment(ctx); step != nil {
		_ = step.AddAnnotation(key, value) // a string is never refused
	}
}

// TraceHeader is the X-Amzn-Trace-Id with which whoever is called next joins
// the trace: as a child of the step that ctx belongs to, or, with no step open
// or tracing off, of whatever called this function. It is empty when ctx
// belongs to no trace, or the header exceeds what PutEvents takes: an event
// must not be refused for its trace.
func (t Tracer) TraceHeader(ctx context.Context) string {
	if incoming(ctx) == nil {
		return ""
	}
	next, _ := ctx.Value(xray.LambdaTraceHeaderKey).(string)
	if step := t.segment(ctx); step != nil {
		next = step.DownstreamHeader().String()
	}
	const longest = 500 // characters
	if len(next) > longest {
		return ""
	}
	return next
}

// join makes the trace of ctx known to the SDK, unless it is already. The SDK
// could do so by itself, but would then use settings common to the process and
// forget what else the header says, such as Lambda's protection from loops.
func (t Tracer) join(ctx context.Context) context.Context {
	if t.recorder == nil || xray.GetSegment(ctx) != nil {
		return ctx
	}
	ctx = context.WithValue(ctx, xray.RecorderContextKey{}, t.recorder)
	if from := incoming(ctx); from != nil {
		var invocation *xray.Segment
		ctx, invocation = xray.BeginFacadeSegment(ctx, "invocation", from)
		invocation.IncomingHeader = from
	}
	return ctx
}

// segment is the SDK's segment of ctx, or nil.
func (t Tracer) segment(ctx context.Context) *xray.Segment {
	if t.recorder == nil {
		return nil
	}
	return xray.GetSegment(ctx)
}

// incoming is the trace that the Lambda runtime found in the request, or nil.
func incoming(ctx context.Context) *header.Header {
	text, _ := ctx.Value(xray.LambdaTraceHeaderKey).(string)
	if from := header.FromString(text); from.TraceID != "" {
		return from
	}
	return nil
}
