package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"

	"github.com/aws/aws-xray-sdk-go/v2/header"
	"github.com/aws/aws-xray-sdk-go/v2/strategy/ctxmissing"
	"github.com/aws/aws-xray-sdk-go/v2/strategy/exception"
	"github.com/aws/aws-xray-sdk-go/v2/xray"
	"github.com/aws/aws-xray-sdk-go/v2/xraylog"
	"github.com/aws/smithy-go"

	"orders/internal/order"
	"orders/internal/safehttp"
)

// A Tracer sends subsegments of an invocation to AWS X-Ray. The zero Tracer is off: its methods
// record, send and log nothing, as with a context that belongs to no trace.
//
// The trace comes from the context, where the Lambda runtime puts it, and never from the
// environment, because several invocations may run in one process. It is safe for concurrent use.
type Tracer struct {
	recorder *xray.Config // nil if off
}

// NewTracer returns a Tracer that is on if AWS_XRAY_DAEMON_ADDRESS is set, as it is on Lambda, and
// AWS_XRAY_SDK_DISABLED is not true. It fails if the address cannot be parsed.
//
// It turns off the X-Ray SDK's own log, which is one for the whole process and not JSON.
func NewTracer(getenv func(string) string) (Tracer, error) {
	address := getenv("AWS_XRAY_DAEMON_ADDRESS")
	if address == "" || strings.EqualFold(getenv("AWS_XRAY_SDK_DISABLED"), "true") {
		return Tracer{}, nil
	}
	turnOffSDKLog()
	daemon, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return Tracer{}, fmt.Errorf("AWS_XRAY_DAEMON_ADDRESS: %w", err)
	}
	emitter, err := xray.NewDefaultEmitter(daemon) // opens its socket on first use
	if err != nil {
		return Tracer{}, fmt.Errorf("tracing: %w", err)
	}
	return Tracer{recorder: &xray.Config{
		Emitter:                     emitter,
		ExceptionFormattingStrategy: exceptions{&exception.DefaultFormattingStrategy{}},
		ContextMissingStrategy:      ctxmissing.NewDefaultIgnoreErrorStrategy(),
	}}, nil
}

// turnOffSDKLog does so once, because a Tracer that is in use reads the SDK's logger.
var turnOffSDKLog = sync.OnceFunc(func() { xray.SetLogger(xraylog.NullLogger) })

// Capture runs f in a subsegment called name and returns f's error. The subsegment is annotated
// with the order ID of ctx. An error marks it as failed and adds its redacted text. A panic
// propagates, and its value is not recorded.
func (t Tracer) Capture(ctx context.Context, name string, f func(context.Context) error) error {
	ctx = t.join(ctx)
	if t.segment(ctx) == nil {
		return f(ctx)
	}
	ctx, segment := xray.BeginSubsegment(ctx, name)
	t.annotateOrder(ctx)
	err := errPanicked // remains if f does not return
	defer func() { segment.Close(err) }()
	err = f(ctx)
	return err
}

var errPanicked = errors.New("panic")

// annotateOrder annotates the subsegment of ctx with the order ID of ctx.
func (t Tracer) annotateOrder(ctx context.Context) {
	if orderID := order.OrderIDFromContext(ctx); orderID != "" {
		t.Annotate(ctx, orderIDKey, orderID)
	}
}

// Annotate adds a value that traces can be searched by to the subsegment of ctx. A key consists of
// letters, digits and underscores. Outside of Capture it has no effect, because Lambda's own
// segment cannot be changed.
func (t Tracer) Annotate(ctx context.Context, key, value string) {
	if segment := t.segment(ctx); segment != nil {
		_ = segment.AddAnnotation(key, value) // cannot fail for a string
	}
}

// TraceHeader returns the X-Amzn-Trace-Id for a downstream call: a child of the subsegment of ctx
// or, if there is none or tracing is off, of this function's caller. It returns "" if ctx belongs
// to no trace, or if the header is longer than PutEvents takes, because no event may be rejected
// for its trace.
func (t Tracer) TraceHeader(ctx context.Context) string {
	if incoming(ctx) == nil {
		return ""
	}
	next, _ := ctx.Value(xray.LambdaTraceHeaderKey).(string)
	if segment := t.segment(ctx); segment != nil {
		next = segment.DownstreamHeader().String()
	}
	const longest = 500 // characters
	if len(next) > longest {
		return ""
	}
	return next
}

// join makes the trace of ctx known to the SDK, unless it already is. Left to itself, the SDK would
// use settings of the whole process and drop the rest of the header, such as the lineage by which
// Lambda detects loops.
func (t Tracer) join(ctx context.Context) context.Context {
	if t.recorder == nil || xray.GetSegment(ctx) != nil {
		return ctx
	}
	if ctx.Value(xray.RecorderContextKey{}) == nil {
		ctx = context.WithValue(ctx, xray.RecorderContextKey{}, t.recorder)
	}
	if from := incoming(ctx); from != nil {
		var invocation *xray.Segment
		ctx, invocation = xray.BeginFacadeSegment(ctx, "invocation", from)
		invocation.IncomingHeader = from
	}
	return ctx
}

// segment returns the SDK's segment of ctx, or nil.
func (t Tracer) segment(ctx context.Context) *xray.Segment {
	if t.recorder == nil {
		return nil
	}
	return xray.GetSegment(ctx)
}

// ContextWithDiscardedTrace returns a context that belongs to a trace. It is recorded like any
// other, but never sent.
func ContextWithDiscardedTrace(ctx context.Context) context.Context {
	recorder := &xray.Config{
		Emitter:                     discard{},
		ExceptionFormattingStrategy: exceptions{&exception.DefaultFormattingStrategy{}},
		ContextMissingStrategy:      ctxmissing.NewDefaultIgnoreErrorStrategy(),
	}
	ctx = context.WithValue(ctx, xray.RecorderContextKey{}, recorder)
	const header = "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=1"
	//lint:ignore SA1029 the key is the X-Ray SDK's
	return context.WithValue(ctx, xray.LambdaTraceHeaderKey, header)
}

// discard is an emitter that sends nothing.
type discard struct{}

func (discard) Emit(*xray.Segment)                     {}
func (discard) RefreshEmitterWithAddress(*net.UDPAddr) {}

// incoming returns the trace that the Lambda runtime found in the request, or nil.
func incoming(ctx context.Context) *header.Header {
	text, _ := ctx.Value(xray.LambdaTraceHeaderKey).(string)
	if from := header.FromString(text); from.TraceID != "" {
		return from
	}
	return nil
}

// exceptions reduces an error in a trace to its type and a redacted text. Left to itself, the SDK
// would record the text of any error, and a stack that shows where the subsegment ended, not where
// the error occurred.
type exceptions struct {
	*exception.DefaultFormattingStrategy // for the methods that are not used here
}

// ExceptionFromError is called by the SDK for the error of a subsegment.
func (exceptions) ExceptionFromError(err error) exception.Exception {
	_, remote := errors.AsType[smithy.APIError](err)
	return exception.Exception{
		ID:      xray.NewSegmentID(), // has the format of an exception ID
		Type:    fmt.Sprintf("%T", err),
		Message: safeText(err),
		Remote:  remote,
	}
}

// safeText returns err's text, which by the project's rule contains nothing personal. Where the
// text is not the project's own, it returns only the code of an AWS error, because its message may
// quote the request, and the redacted cause of a failed HTTP request.
func safeText(err error) string {
	text := err.Error()
	if failed, ok := errors.AsType[*url.Error](err); ok {
		text = safehttp.Redact(failed.Err).Error()
	}
	if apiError, ok := errors.AsType[smithy.APIError](err); ok {
		text = apiError.ErrorCode()
	}
	const longest = 300 // bytes: a trace travels in datagrams of 64 KB, in which one may become six
	return text[:min(len(text), longest)]
}
