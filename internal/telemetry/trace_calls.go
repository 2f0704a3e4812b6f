package telemetry

import (
	"context"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-xray-sdk-go/v2/instrumentation/awsv2"
	"github.com/aws/aws-xray-sdk-go/v2/xray"
	"github.com/aws/smithy-go/middleware"

	"orders/internal/safehttp"
)

// InstrumentAWS makes a step of the trace of every call of the AWS clients that
// are made from cfg afterwards: service, operation, region, request id and
// status, but nothing of what was asked or answered.
func (t Tracer) InstrumentAWS(cfg *aws.Config) {
	if t.recorder == nil {
		return
	}
	cfg.APIOptions = append(cfg.APIOptions, t.joinBeforeCall)
	awsv2.AWSV2Instrumentor(&cfg.APIOptions)
	cfg.APIOptions = append(cfg.APIOptions, t.annotateCall) // behind the SDK, which opens the step
}

func (t Tracer) joinBeforeCall(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("JoinTrace",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
			middleware.InitializeOutput, middleware.Metadata, error,
		) {
			return next.HandleInitialize(t.join(ctx), in)
		}), middleware.Before)
}

func (t Tracer) annotateCall(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("AnnotateOrder",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
			middleware.InitializeOutput, middleware.Metadata, error,
		) {
			t.annotateOrder(ctx)
			return next.HandleInitialize(ctx, in)
		}), middleware.After)
}

// Transport makes a step of the trace of every request that goes through base,
// called after the host and ending with the answer's headers, and sends the
// peer the X-Amzn-Trace-Id header to join by. The trace gets method, status and
// URL without query; bodies and headers never. Whether requests are signed
// below or above makes no difference: the header is not part of a signature.
func (t Tracer) Transport(base http.RoundTripper) http.RoundTripper {
	if t.recorder == nil {
		return base
	}
	return transport{tracer: t, base: base}
}

// The SDK has a transport of its own, but that changes the caller's request,
// and never sends the trace of a call that ran out of time while connecting.
type transport struct {
	tracer Tracer
	base   http.RoundTripper
}

func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	var response *http.Response
	var failure error // for the caller; the trace gets as much of it as is safe
	_ = t.tracer.Capture(request.Context(), request.URL.Host, func(ctx context.Context) error {
		request := request.Clone(ctx)
		if next := t.tracer.TraceHeader(ctx); next != "" {
			request.Header.Set(xray.TraceIDHeaderKey, next)
		}
		step := t.tracer.segment(ctx)
		recordRequest(step, request)
		response, failure = t.base.RoundTrip(request)
		if step != nil && response != nil {
			xray.HttpCaptureResponse(step, response.StatusCode)
		}
		return safehttp.Redact(failure)
	})
	return response, failure
}

func recordRequest(step *xray.Segment, request *http.Request) {
	if step == nil {
		return
	}
	step.Lock()
	defer step.Unlock()
	step.Namespace = "remote"
	step.GetHTTP().Request = &xray.RequestData{
		Method: request.Method,
		URL:    (&url.URL{Scheme: request.URL.Scheme, Host: request.URL.Host, Path: request.URL.Path}).String(),
	}
}
