package console

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ranges are the choices of the period that is shown.
var ranges = []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour}

type dashboardView struct {
	Minutes int
	Choices []int
	Widgets []widgetView
}

// A widgetView is a widget as the page shows it.
type widgetView struct {
	Kind   string // "heading", "alarms", "chart", "values", "log"
	Title  string
	Span   int // of 24 columns
	Alarms []alarmView
	Series []seriesView
	Top    string // the label of the scale
	Limit  string // the y position of the alarm's threshold, or ""
	Lines  []logLine
}

// A seriesView is one metric of a widget.
type seriesView struct {
	Label  string
	Color  int
	Value  string   // the statistic of the whole period, or of its last part
	Points []string // of polylines, in a view box of 300 x 100
	Absent bool     // whether nothing measures it locally
}

// An alarmView is an alarm with its state, which is OK, ALARM or "not evaluated".
type alarmView struct{ Name, Description, State, Value string }

func (c *console) serveDashboard(w http.ResponseWriter, r *http.Request) {
	period := ranges[1]
	if minutes, err := strconv.Atoi(r.URL.Query().Get("minutes")); err == nil && slices.Contains(ranges, time.Duration(minutes)*time.Minute) {
		period = time.Duration(minutes) * time.Minute
	}
	now := time.Now()
	c.sampleQueues(now)
	v := dashboardView{Minutes: int(period.Minutes())}
	for _, choice := range ranges {
		v.Choices = append(v.Choices, int(choice.Minutes()))
	}
	for _, each := range c.template.Widgets {
		v.Widgets = append(v.Widgets, c.widget(each, now.Add(-period), now))
	}
	c.render(w, r, "dashboard", http.StatusOK, "Dashboard", v)
}

// sampleQueues measures the queues, whose metrics CloudWatch takes once a minute.
func (c *console) sampleQueues(now time.Time) {
	for _, name := range slices.Concat(c.WorkQueues, c.DeadLetterQueues) {
		messages := c.Queues.Queue(name).Messages()
		visible, age := 0.0, 0.0
		for _, m := range messages {
			if !m.VisibleAt.After(now) {
				visible++
			}
			age = max(age, now.Sub(m.SentAt).Seconds())
		}
		c.Recorder.metrics.add(metric{"AWS/SQS", "ApproximateNumberOfMessagesVisible", name}, now, visible)
		c.Recorder.metrics.add(metric{"AWS/SQS", "ApproximateAgeOfOldestMessage", name}, now, age)
	}
}

func (c *console) widget(w widget, from, to time.Time) widgetView {
	v := widgetView{Title: w.Properties.Title, Span: w.Width}
	switch {
	case w.Type == "text":
		v.Kind, v.Title = "heading", strings.TrimPrefix(w.Properties.Markdown, "## ")
	case w.Type == "alarm":
		v.Kind, v.Alarms = "alarms", c.alarms(to)
	case w.Type == "log":
		v.Kind, v.Lines = "log", c.Recorder.lastErrors()
	case w.Properties.View == "singleValue":
		v.Kind = "values"
		v.Series = c.values(w, from, to)
	default:
		v.Kind = "chart"
		c.chart(&v, w, from, to)
	}
	return v
}

// values returns the numbers of a widget, over the shown period. Expressions are computed from the
// metrics before them, by their IDs.
func (c *console) values(w widget, from, to time.Time) (shown []seriesView) {
	byID := map[string]float64{}
	for i, m := range w.Properties.Metrics {
		s := c.series(i, m, w.Properties.Stat, from, to)
		options, _ := m[len(m)-1].(map[string]any)
		if expression, ok := options["expression"].(string); ok {
			s.view.Absent, s.view.Value = false, "–"
			if value, err := evaluate(expression, byID); err == nil && !math.IsNaN(value) && !math.IsInf(value, 0) {
				s.view.Value = formatNumber(value)
			}
		}
		if id, ok := options["id"].(string); ok && s.measured {
			byID[id] = s.value
		}
		if visible, ok := options["visible"].(bool); !ok || visible {
			shown = append(shown, s.view)
		}
	}
	return shown
}

// A measuredSeries is a series with its values, which are NaN where there are none, and with the
// value of the whole period, if it was measured.
type measuredSeries struct {
	view     seriesView
	values   []float64
	value    float64
	measured bool
}

func (c *console) series(i int, names []any, stat string, from, to time.Time) measuredSeries {
	s := measuredSeries{view: seriesView{Color: i % 8}}
	if options, ok := names[len(names)-1].(map[string]any); ok {
		s.view.Label, _ = options["label"].(string)
		if own, ok := options["stat"].(string); ok {
			stat = own
		}
		names = names[:len(names)-1]
	}
	var texts []string
	for _, name := range names {
		texts = append(texts, fmt.Sprint(name))
	}
	var dimensions []dimension
	for j := 2; j+1 < len(texts); j += 2 {
		dimensions = append(dimensions, dimension{texts[j], texts[j+1]})
	}
	m, ok := metric{}, false
	if len(texts) >= 2 {
		m, ok = localMetric(texts[0], texts[1], dimensions)
	}
	if !ok {
		s.view.Absent, s.view.Value = true, "no local source"
		return s
	}
	if s.value, s.measured = c.Recorder.metrics.between(m, from, to).statistic(stat); s.measured {
		s.view.Value = formatNumber(s.value)
	} else {
		s.view.Value = map[bool]string{true: "0", false: "–"}[stat == "Sum"]
	}
	for at := from.Truncate(metricPeriod); at.Before(to); at = at.Add(metricPeriod) {
		value, ok := c.Recorder.metrics.between(m, at, at.Add(metricPeriod)).statistic(stat)
		if !ok {
			value = math.NaN()
			if stat == "Sum" {
				value = 0
			}
		}
		s.values = append(s.values, value)
	}
	return s
}

func (c *console) chart(v *widgetView, w widget, from, to time.Time) {
	var all []measuredSeries
	top := 0.0
	for i, m := range w.Properties.Metrics {
		s := c.series(i, m, w.Properties.Stat, from, to)
		all = append(all, s)
		for _, value := range s.values {
			if !math.IsNaN(value) {
				top = max(top, value)
			}
		}
	}
	top = niceTop(top)
	for _, s := range all {
		s.view.Points = polylines(s.values, top)
		v.Series = append(v.Series, s.view)
	}
	v.Top = formatNumber(top)
	for _, line := range w.Properties.Annotations.Horizontal {
		if line.Value <= top {
			v.Limit = fmt.Sprintf("%.1f", 100-100*line.Value/top)
		}
	}
}

// niceTop returns the top of a scale: 1, 2 or 5 times a power of ten.
func niceTop(highest float64) float64 {
	if highest <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(highest)))
	for _, factor := range []float64{1, 2, 5, 10} {
		if highest <= factor*power {
			return factor * power
		}
	}
	return highest
}

// polylines returns the points of a series, one list for each part without gaps. A single value
// becomes a short line.
func polylines(values []float64, top float64) []string {
	var parts []string
	var points []string
	flush := func() {
		if len(points) == 1 {
			x, y, _ := strings.Cut(points[0], ",")
			left, _ := strconv.ParseFloat(x, 64)
			points = append(points, fmt.Sprintf("%.1f,%s", left+2, y))
		}
		if len(points) > 0 {
			parts = append(parts, strings.Join(points, " "))
		}
		points = nil
	}
	for i, value := range values {
		if math.IsNaN(value) {
			flush()
			continue
		}
		points = append(points, fmt.Sprintf("%.1f,%.1f", 300*float64(i)/float64(max(1, len(values)-1)), 100-100*value/top))
	}
	flush()
	return parts
}

func formatNumber(value float64) string {
	switch {
	case value == math.Trunc(value) && math.Abs(value) < 1e6:
		return strconv.FormatFloat(value, 'f', 0, 64)
	case math.Abs(value) < 10:
		return strconv.FormatFloat(value, 'f', 1, 64)
	case math.Abs(value) < 1e4:
		return strconv.FormatFloat(value, 'f', 0, 64)
	case math.Abs(value) < 1e6:
		return strconv.FormatFloat(value/1e3, 'f', 1, 64) + " k"
	}
	return strconv.FormatFloat(value/1e6, 'f', 1, 64) + " M"
}

// localMetric returns what measures a metric of CloudWatch locally. It is not ok if nothing does.
func localMetric(namespace, name string, dimensions []dimension) (metric, bool) {
	value := map[string]string{}
	for _, d := range dimensions {
		value[d.Name] = d.Value
	}
	m := metric{Namespace: namespace, Name: name}
	switch namespace {
	case "AWS/Lambda":
		m.Dimension = value["FunctionName"]
		return m, len(dimensions) == 1 && slices.Contains([]string{"Invocations", "Errors", "Duration"}, name)
	case "AWS/ApiGateway":
		return m, len(dimensions) == 2 && slices.Contains([]string{"Count", "Latency", "4XXError", "5XXError"}, name)
	case "AWS/DynamoDB":
		m.Dimension = value["Operation"]
		return m, m.Dimension != "" && slices.Contains([]string{"SuccessfulRequestLatency", "SystemErrors"}, name)
	case "AWS/SQS":
		m.Dimension = value["QueueName"]
		return m, slices.Contains([]string{"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"}, name)
	case "AWS/Events":
		return m, name == "TriggeredRules" && strings.HasSuffix(value["RuleName"], "-orders-published")
	case "ecommerce.orders":
		for _, d := range dimensions {
			if d.Name != "environment" && d.Name != "service" {
				m.Dimension = d.Value
			}
		}
		return m, len(dimensions) <= 3
	}
	return m, false
}
