package telemetry

import (
	"context"
	"net/http"
	"net/url"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-xray-sdk-go/v2/instrumentation/awsv2"
	"github.com/aws/aws-xray-sdk-go/v2/xray"
	"github.com/aws/smithy-go/middleware"

	"orders/internal/order"
	"orders/internal/safehttp"
)

// Handler adds a subsegment for every invocation, with those of its calls below it. This is also
// cheaper, because X-Ray gets one datagram instead of one per call. It is for functions with
// several calls, but not for many: beyond 20, the SDK sends them in datagrams of their own after
// all, at once, which may be too much for the daemon. An invocation that Lambda ends is not traced.
func (t Tracer) Handler(name string, h lambda.Handler) lambda.Handler {
	if t.recorder == nil {
		return h
	}
	return tracedHandler{tracer: t, name: name, handler: h}
}

type tracedHandler struct {
	tracer  Tracer
	name    string
	handler lambda.Handler
}

func (h tracedHandler) Invoke(ctx context.Context, event []byte) (response []byte, err error) {
	err = h.tracer.Capture(ctx, h.name, func(ctx context.Context) (err error) {
		response, err = h.handler.Invoke(ctx, event)
		return err
	})
	return response, err
}

// InstrumentAWS adds a subsegment for every call of the AWS clients that are created from cfg
// afterwards: service, operation, region, request ID and status, but nothing of requests and
// responses.
func (t Tracer) InstrumentAWS(cfg *aws.Config) {
	if t.recorder == nil {
		return
	}
	cfg.APIOptions = append(cfg.APIOptions, t.joinBeforeCall)
	awsv2.AWSV2Instrumentor(&cfg.APIOptions)
	cfg.APIOptions = append(cfg.APIOptions, t.annotateCall) // after the SDK, which begins the subsegment
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

// Transport adds a subsegment for every request that goes through base. It is named after the host,
// ends with the response's headers, and contains method, status and URL without query, but no body
// and no header. The request gets the X-Amzn-Trace-Id header, which is not part of a signature, so
// that requests may be signed before or after.
func (t Tracer) Transport(base http.RoundTripper) http.RoundTripper {
	if t.recorder == nil {
		return base
	}
	return transport{tracer: t, base: base}
}

// The SDK's own transport changes the caller's request, and does not report a request that timed
// out while connecting.
type transport struct {
	tracer Tracer
	base   http.RoundTripper
}

func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	var response *http.Response
	var failure error // for the caller; the trace gets the redacted text
	_ = t.tracer.Capture(request.Context(), request.URL.Host, func(ctx context.Context) error {
		request := request.WithContext(ctx)
		request.Header = request.Header.Clone()
		if next := t.tracer.TraceHeader(ctx); next != "" {
			request.Header.Set(xray.TraceIDHeaderKey, next)
		}
		segment := t.tracer.segment(ctx)
		recordRequest(segment, request)
		response, failure = t.base.RoundTrip(request)
		if segment != nil && response != nil {
			xray.HttpCaptureResponse(segment, response.StatusCode)
		}
		return safehttp.Redact(failure)
	})
	return response, failure
}

func recordRequest(segment *xray.Segment, request *http.Request) {
	if segment == nil {
		return
	}
	segment.Lock()
	defer segment.Unlock()
	segment.Namespace = "remote"
	segment.GetHTTP().Request = &xray.RequestData{
		Method: request.Method,
		URL:    (&url.URL{Scheme: request.URL.Scheme, Host: request.URL.Host, Path: request.URL.Path}).String(),
	}
}

// Checkers adds a subsegment for each check, with its requests below it.
func (t Tracer) Checkers(checkers []order.Checker) []order.Checker {
	if t.recorder == nil {
		return checkers
	}
	traced := make([]order.Checker, len(checkers))
	for i, c := range checkers {
		traced[i] = tracedChecker{c, t}
	}
	return traced
}

type tracedChecker struct {
	order.Checker
	tracer Tracer
}

func (c tracedChecker) Check(ctx context.Context, o order.Order) error {
	var result error
	_ = c.tracer.Capture(ctx, "check "+c.Peer(), func(ctx context.Context) error {
		if result = c.Checker.Check(ctx, o); order.KindOf(result) == order.Rejected {
			return nil // a rejection is no fault, and its text may quote the caller
		}
		return result
	})
	return result
}
