package console

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"orders/internal/local/lambda"
)

const (
	metricPeriod  = 10 * time.Second
	metricHistory = 360 // periods: one hour
	maxSamples    = 200 // values of a period that are kept for percentiles
)

// A metricStore keeps what CloudWatch would have, for an hour. The zero value is ready to use; it
// is safe for concurrent use.
type metricStore struct {
	mu     sync.Mutex
	series map[metric]*series
}

// A metric is the name of a series, such as {"AWS/Lambda", "Errors", "create-order"}.
type metric struct{ Namespace, Name, Dimension string }

// A series has the periods with values, oldest first.
type series struct{ periods []period }

type period struct {
	start     time.Time
	count     int
	sum, high float64
	samples   []float64
}

func (m *metricStore) add(name metric, at time.Time, value float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.series == nil {
		m.series = map[metric]*series{}
	}
	s, ok := m.series[name]
	if !ok {
		s = &series{}
		m.series[name] = s
	}
	start := at.Truncate(metricPeriod)
	if n := len(s.periods); n == 0 || s.periods[n-1].start.Before(start) {
		s.periods = append(s.periods, period{start: start})
		s.periods = s.periods[max(0, len(s.periods)-metricHistory):]
	}
	p := &s.periods[len(s.periods)-1] // a late value counts in the last period
	p.count++
	p.sum += value
	p.high = max(p.high, value)
	if len(p.samples) < maxSamples {
		p.samples = append(p.samples, value)
	}
}

// between returns one period with the values from one time to another.
func (m *metricStore) between(name metric, from, to time.Time) period {
	m.mu.Lock()
	defer m.mu.Unlock()
	total := period{start: from}
	s, ok := m.series[name]
	if !ok {
		return total
	}
	first, _ := slices.BinarySearchFunc(s.periods, from, func(p period, at time.Time) int { return p.start.Compare(at) })
	for _, p := range s.periods[first:] {
		if !p.start.Before(to) {
			break
		}
		total.count += p.count
		total.sum += p.sum
		total.high = max(total.high, p.high)
		total.samples = append(total.samples, p.samples...)
	}
	return total
}

// statistic returns a statistic as CloudWatch names it. It is not ok without values.
func (p period) statistic(name string) (value float64, ok bool) {
	if p.count == 0 {
		return 0, false
	}
	switch name {
	case "Sum":
		return p.sum, true
	case "SampleCount":
		return float64(p.count), true
	case "Average":
		return p.sum / float64(p.count), true
	case "Maximum":
		return p.high, true
	case "p50":
		return p.percentile(0.50), true
	case "p90":
		return p.percentile(0.90), true
	case "p99":
		return p.percentile(0.99), true
	}
	return 0, false
}

func (p period) percentile(share float64) float64 {
	sorted := slices.Sorted(slices.Values(p.samples))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (m *metricStore) addInvocation(i lambda.Invocation) {
	end := i.Start.Add(i.Duration)
	m.add(metric{"AWS/Lambda", "Invocations", i.Function}, end, 1)
	m.add(metric{"AWS/Lambda", "Duration", i.Function}, end, milliseconds(i.Duration))
	failed := 0.0
	if i.Err != nil {
		failed = 1
	}
	m.add(metric{"AWS/Lambda", "Errors", i.Function}, end, failed)
}

func (m *metricStore) addHTTPRequest(h HTTPRequest) {
	end := h.Start.Add(h.Duration)
	m.add(metric{"AWS/ApiGateway", "Count", ""}, end, 1)
	m.add(metric{"AWS/ApiGateway", "Latency", ""}, end, milliseconds(h.Duration))
	for name, class := range map[string]int{"4XXError": 4, "5XXError": 5} {
		value := 0.0
		if h.Status/100 == class {
			value = 1
		}
		m.add(metric{"AWS/ApiGateway", name, ""}, end, value)
	}
}

func (m *metricStore) addTableCall(operation string, start time.Time, took time.Duration, failed bool) {
	end, failures := start.Add(took), 0.0
	if failed {
		failures = 1
	} else {
		m.add(metric{"AWS/DynamoDB", "SuccessfulRequestLatency", operation}, end, milliseconds(took))
	}
	m.add(metric{"AWS/DynamoDB", "SystemErrors", operation}, end, failures)
}

// addEmbedded adds a line in the embedded metric format: the metrics of environment and service
// alone, and those of one more dimension.
func (m *metricStore) addEmbedded(line []byte) {
	var format struct {
		AWS struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name string }
			}
		} `json:"_aws"`
	}
	var values map[string]any
	if json.Unmarshal(line, &format) != nil || json.Unmarshal(line, &values) != nil {
		return
	}
	for _, set := range format.AWS.CloudWatchMetrics {
		for _, dimensions := range set.Dimensions {
			m.addSet(set.Namespace, dimensions, set.Metrics, values, time.UnixMilli(format.AWS.Timestamp))
		}
	}
}

func (m *metricStore) addSet(namespace string, dimensions []string, metrics []struct{ Name string }, values map[string]any, at time.Time) {
	if len(dimensions) > 3 {
		return
	}
	more := ""
	for _, name := range dimensions {
		if name != "environment" && name != "service" {
			more, _ = values[name].(string)
		}
	}
	for _, each := range metrics {
		if value, ok := values[each.Name].(float64); ok {
			m.add(metric{namespace, each.Name, more}, at, value)
		}
	}
}
