package telemetry

import (
	"context"
	"encoding/json"
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
	m.write(ctx, orderID, m.counted(counts))
}

// CountResponse counts a response to a caller in the metric responses and, if failed, in
// responses5xx. Both are written by function and by function version, with the dimensions of
// AWS/Lambda, so that a new version can be compared with the others. Outside Lambda, where a
// function has neither name nor version, they are not written. What Count would write is in the
// same line.
func (m *Metrics) CountResponse(ctx context.Context, orderID string, failed bool, counts map[string]int64) {
	if lambdacontext.FunctionName == "" {
		m.Count(ctx, orderID, counts)
		return
	}
	responses := group{
		dimensions: [][]string{{functionKey}, {functionKey, versionKey}},
		of:         map[string]string{functionKey: lambdacontext.FunctionName, versionKey: lambdacontext.FunctionVersion},
		values:     map[string]int64{metricResponses: 1, metricResponses5XX: 0},
	}
	if failed {
		responses.values[metricResponses5XX] = 1
	}
	m.write(ctx, orderID, m.counted(counts), responses)
}

// RecordUpdateAge records the age of a fulfilment update that failed, in the metric updateAge. Its
// unit is Seconds.
func (m *Metrics) RecordUpdateAge(ctx context.Context, age time.Duration) {
	m.write(ctx, "", m.counted(map[string]int64{metricUpdateAge: int64(max(age, 0).Seconds())}))
}

// Checkers returns the checkers, each of which counts its failures in the metric checkFailed by
// peer.
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

func (c countedChecker) Check(ctx context.Context, o order.Order) error {
	err := c.Checker.Check(ctx, o)
	if order.KindOf(err) == order.CheckFailed {
		c.metrics.write(ctx, order.OrderIDFromContext(ctx), group{
			dimensions: [][]string{{environmentKey, serviceKey, peerKey}},
			of:         map[string]string{environmentKey: c.metrics.environment, peerKey: c.Peer()},
			values:     map[string]int64{metricCheckFailed: 1},
		})
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

// A group is metrics with the same sets of dimensions.
type group struct {
	dimensions [][]string
	of         map[string]string // the values of the dimensions but service, which every line has
	values     map[string]int64  // by metric; an empty group is not written
}

// counted returns the group of metrics with the dimensions of the whole service.
func (m *Metrics) counted(counts map[string]int64) group {
	g := group{[][]string{{environmentKey, serviceKey}}, map[string]string{environmentKey: m.environment}, map[string]int64{}}
	for name, n := range counts {
		if n >= 0 {
			g.values[name] = n
		}
	}
	return g
}

// write writes one line, unless all groups are empty.
func (m *Metrics) write(ctx context.Context, orderID string, groups ...group) {
	line := map[string]any{serviceKey: service}
	var definitions []definition
	for _, g := range groups {
		if len(g.values) == 0 {
			continue
		}
		definitions = append(definitions, g.definition())
		for name, value := range g.of {
			line[name] = value
		}
		for name, value := range g.values {
			line[name] = value
		}
	}
	if definitions == nil {
		return
	}
	line["_aws"] = directive{Timestamp: m.now().UnixMilli(), CloudWatchMetrics: definitions}
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

func (g group) definition() definition {
	d := definition{Namespace: namespace, Dimensions: g.dimensions}
	for _, name := range slices.Sorted(maps.Keys(g.values)) {
		unit := "Count"
		if name == metricUpdateAge {
			unit = "Seconds"
		}
		d.Metrics = append(d.Metrics, metric{Name: name, Unit: unit})
	}
	return d
}
