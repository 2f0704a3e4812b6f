package console

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// alarms returns the alarms with their states, those that are on first.
func (c *console) alarms(now time.Time) []alarmView {
	var all []alarmView
	for name, a := range c.template.Alarms {
		v := alarmView{Name: strings.TrimSuffix(name, "Alarm"), Description: a.AlarmDescription}
		v.State, v.Value = c.evaluateAlarm(a, now)
		all = append(all, v)
	}
	order := map[string]int{"ALARM": 0, "OK": 1}
	slices.SortFunc(all, func(a, b alarmView) int {
		left, known := order[a.State]
		if !known {
			left = 2
		}
		right, known := order[b.State]
		if !known {
			right = 2
		}
		if left != right {
			return left - right
		}
		return strings.Compare(a.Name, b.Name)
	})
	return all
}

// evaluateAlarm returns the state of an alarm, and its last value. Missing data is not breaching.
func (c *console) evaluateAlarm(a alarm, now time.Time) (state, value string) {
	const unknown = "not evaluated"
	period := time.Duration(a.Period) * time.Second
	for _, m := range a.Metrics {
		period = max(period, time.Duration(m.MetricStat.Period)*time.Second)
	}
	if period == 0 || a.EvaluationPeriods == 0 || a.ThresholdMetricID != "" {
		return unknown, ""
	}
	breaching := 0
	for i := range a.EvaluationPeriods {
		to := now.Add(metricPeriod).Truncate(metricPeriod).Add(-time.Duration(i) * period)
		measured, err := c.measure(a, to.Add(-period), to)
		if errors.Is(err, errNoData) {
			continue
		}
		if err != nil {
			return unknown, ""
		}
		if value == "" {
			value = formatNumber(measured)
		}
		if a.breaches(measured) {
			breaching++
		}
	}
	needed := a.DatapointsToAlarm
	if needed == 0 {
		needed = a.EvaluationPeriods
	}
	if breaching >= needed {
		return "ALARM", value
	}
	return "OK", value
}

func (a alarm) breaches(value float64) bool {
	switch a.ComparisonOperator {
	case "GreaterThanThreshold":
		return value > a.Threshold
	case "GreaterThanOrEqualToThreshold":
		return value >= a.Threshold
	case "LessThanThreshold":
		return value < a.Threshold
	}
	return value <= a.Threshold
}

var errNoSource = errors.New("nothing measures it locally")

// measure returns the value of an alarm in one period.
func (c *console) measure(a alarm, from, to time.Time) (float64, error) {
	statistic := func(namespace, name, stat string, dimensions []dimension) (float64, error) {
		m, ok := localMetric(namespace, name, dimensions)
		if !ok {
			return 0, errNoSource
		}
		value, ok := c.Recorder.metrics.between(m, from, to).statistic(stat)
		if !ok {
			return 0, errNoData
		}
		return value, nil
	}
	if len(a.Metrics) == 0 {
		stat := a.Statistic
		if stat == "" {
			stat = a.ExtendedStatistic
		}
		return statistic(a.Namespace, a.MetricName, stat, a.Dimensions)
	}
	values, expression, sources := map[string]float64{}, "", 0
	for _, m := range a.Metrics {
		if m.Expression != "" {
			expression = m.Expression
			continue
		}
		stat := m.MetricStat
		value, err := statistic(stat.Metric.Namespace, stat.Metric.MetricName, stat.Stat, stat.Metric.Dimensions)
		if err == nil {
			values[m.ID] = value
		}
		if !errors.Is(err, errNoSource) {
			sources++
		}
	}
	if sources == 0 {
		return 0, errNoSource
	}
	return evaluate(expression, values)
}
