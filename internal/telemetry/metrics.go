package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"orders/internal/order"
)

const namespace = "ecommerce.orders"

// Metrics writes CloudWatch's embedded metric format: log lines that CloudWatch turns into metrics,
// without a call to any service. Create it with NewMetrics. It is safe for concurrent use.
type Metrics struct {
	w           io.Writer
	environment string
	now         func() time.Time
}

// NewMetrics returns Metrics that writes to w, which is the standard output in a function, with the
// given value of the dimension environment. A nil now means time.Now. Every line is one Write; see
// LineWriter.
func NewMetrics(w io.Writer, environment string, now func() time.Time) *Metrics {
	if now == nil {
		now = time.Now
	}
	return &Metrics{w: w, environment: environment, now: now}
}

// Count adds counts to their metrics in one line, with the request ID of ctx and, unless it is
// empty, orderID. Both are properties to search for, not dimensions, which would make a metric of
// every order.
//
// The unit is Count. Negative values are left out; if nothing is left, nothing is written. A failed
// write is not reported, because no order may fail for a metric.
func (m *Metrics) Count(ctx context.Context, orderID string, counts map[string]int64) {
	counts = maps.Clone(counts)
	maps.DeleteFunc(counts, func(_ string, value int64) bool { return value < 0 })
	if len(counts) == 0 {
		return
	}
	m.write(ctx, orderID, m.dimensions(), [][]string{{environmentKey, serviceKey}}, counts)
}

// CountResponse counts a response to a caller in the metric responses and, if failed, in
// responses5xx. Both are written by function and by function version, with the dimensions of
// AWS/Lambda, so that a new version can be compared with the others. Outside Lambda, where a
// function has neither name nor version, nothing is written.
func (m *Metrics) CountResponse(ctx context.Context, failed bool) {
	if lambdacontext.FunctionName == "" {
		return
	}
	counts := map[string]int64{metricResponses: 1, metricResponses5XX: 0}
	if failed {
		counts[metricResponses5XX] = 1
	}
	values := map[string]string{functionKey: lambdacontext.FunctionName, versionKey: lambdacontext.FunctionVersion}
	m.write(ctx, "", values, [][]string{{functionKey}, {functionKey, versionKey}}, counts)
}

// RecordUpdateAge records the age of a fulfilment update that failed, in the metric updateAge. Its
// unit is Seconds.
func (m *Metrics) RecordUpdateAge(ctx context.Context, age time.Duration) {
	values := map[string]int64{metricUpdateAge: int64(max(age, 0).Seconds())}
	m.write(ctx, "", m.dimensions(), [][]string{{environmentKey, serviceKey}}, values)
}

// Checkers returns the checkers, each of which counts its failures in the metric checkFailed by
// peer. A checker must be a fmt.Stringer that returns the peer's name.
func (m *Metrics) Checkers(checkers []order.Checker) []order.Checker {
	counted := make([]order.Checker, len(checkers))
	for i, c := range checkers {
		counted[i] = countedChecker{metrics: m, Checker: c}
	}
	return counted
}

type countedChecker struct {
	metrics *Metrics
	order.Checker
}

func (c countedChecker) String() string { return fmt.Sprint(c.Checker) }

func (c countedChecker) Check(ctx context.Context, o order.Order) error {
	err := c.Checker.Check(ctx, o)
	if order.KindOf(err) == order.CheckFailed {
		values := c.metrics.dimensions()
		values[peerKey] = c.String()
		dimensions := [][]string{{environmentKey, serviceKey, peerKey}}
		c.metrics.write(ctx, order.OrderIDFromContext(ctx), values, dimensions, map[string]int64{metricCheckFailed: 1})
	}
	return err
}

// The metrics that only this package counts, and the names of dimensions.
const (
	metricResponses    = "responses"
	metricResponses5XX = "responses5xx"
	metricCheckFailed  = "checkFailed"
	metricUpdateAge    = "updateAge"

	environmentKey = "environment"
	peerKey        = "peer"
	functionKey    = "FunctionName"
	versionKey     = "ExecutedVersion"
)

func (m *Metrics) dimensions() map[string]string {
	return map[string]string{environmentKey: m.environment, serviceKey: service}
}

// write writes one line, with the values of its dimensions.
func (m *Metrics) write(ctx context.Context, orderID string, values map[string]string, dimensions [][]string, counts map[string]int64) {
	line := map[string]any{"_aws": m.directive(dimensions, counts), serviceKey: service}
	for name, value := range values {
		line[name] = value
	}
	for name, value := range counts {
		line[name] = value
	}
	if id := requestID(ctx); id != "" {
		line[requestIDKey] = id
	}
	if orderID != "" {
		line[orderIDKey] = orderID
	}
	_ = json.NewEncoder(m.w).Encode(line)
}

// The part of a line that lists its metrics for CloudWatch.
type (
	directive struct {
		Timestamp         int64 // milliseconds since 1970
		CloudWatchMetrics []definition
	}
	definition struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []metric
	}
	metric struct {
		Name string
		Unit string
	}
)

func (m *Metrics) directive(dimensions [][]string, counts map[string]int64) directive {
	metrics := make([]metric, 0, len(counts))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		unit := "Count"
		if name == metricUpdateAge {
			unit = "Seconds"
		}
		metrics = append(metrics, metric{Name: name, Unit: unit})
	}
	return directive{
		Timestamp: m.now().UnixMilli(),
		CloudWatchMetrics: []definition{{
			Namespace:  namespace,
			Dimensions: dimensions,
			Metrics:    metrics,
		}},
	}
}
