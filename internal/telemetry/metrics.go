package telemetry

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"time"
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
	line := map[string]any{
		"_aws":        m.directive(counts),
		"environment": m.environment,
		serviceKey:    service,
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

func (m *Metrics) directive(counts map[string]int64) directive {
	metrics := make([]metric, 0, len(counts))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		metrics = append(metrics, metric{Name: name, Unit: "Count"})
	}
	return directive{
		Timestamp: m.now().UnixMilli(),
		CloudWatchMetrics: []definition{{
			Namespace:  namespace,
			Dimensions: [][]string{{"environment", serviceKey}},
			Metrics:    metrics,
		}},
	}
}
