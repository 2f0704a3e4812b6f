package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A stackTemplate is what the console reads of the CloudFormation template.
type stackTemplate struct {
	Widgets []widget
	Alarms  map[string]alarm // by logical ID
}

// A widget is one element of the dashboard.
type widget struct {
	Type       string
	Y, X       int
	Width      int
	Properties struct {
		Markdown, Title, View, Stat string
		Metrics                     [][]any
		Annotations                 struct{ Horizontal []struct{ Value float64 } }
	}
}

// An alarm is one alarm with its metric, or with the metrics of an expression.
type alarm struct {
	AlarmDescription             string
	Namespace, MetricName        string
	Dimensions                   []dimension
	Statistic, ExtendedStatistic string
	Period                       int // seconds
	ComparisonOperator           string
	Threshold                    float64
	EvaluationPeriods            int
	DatapointsToAlarm            int
	Metrics                      []alarmMetric
	ThresholdMetricID            string `json:"ThresholdMetricId"`
}

type dimension struct{ Name, Value string }

type alarmMetric struct {
	ID         string `json:"Id"`
	Expression string
	MetricStat struct {
		Stat   string
		Period int
		Metric struct {
			Namespace, MetricName string
			Dimensions            []dimension
		}
	}
}

// parseTemplate reads the dashboard and the alarms, none of an empty template. References become
// ${Name}, which names then replaces.
func parseTemplate(text []byte, names map[string]string) (stackTemplate, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return stackTemplate{}, fmt.Errorf("template: %w", err)
	}
	if len(document.Content) == 0 {
		return stackTemplate{}, nil
	}
	resolver := strings.NewReplacer(pairs(names)...)
	root, _ := plain(document.Content[0], resolver).(map[string]any)
	resources, _ := root["Resources"].(map[string]any)
	t := stackTemplate{Alarms: map[string]alarm{}}
	for id, resource := range resources {
		r, _ := resource.(map[string]any)
		properties, err := json.Marshal(r["Properties"])
		if err != nil {
			return stackTemplate{}, fmt.Errorf("template: %s: %w", id, err)
		}
		switch r["Type"] {
		case "AWS::CloudWatch::Alarm":
			var a alarm
			if err := json.Unmarshal(properties, &a); err != nil {
				return stackTemplate{}, fmt.Errorf("template: %s: %w", id, err)
			}
			t.Alarms[id] = a
		case "AWS::CloudWatch::Dashboard":
			var dashboard struct{ DashboardBody string }
			var body struct{ Widgets []widget }
			if err := errors.Join(json.Unmarshal(properties, &dashboard), json.Unmarshal([]byte(dashboard.DashboardBody), &body)); err != nil {
				return stackTemplate{}, fmt.Errorf("template: %s: %w", id, err)
			}
			t.Widgets = body.Widgets
		}
	}
	slices.SortStableFunc(t.Widgets, func(a, b widget) int {
		if a.Y != b.Y {
			return a.Y - b.Y
		}
		return a.X - b.X
	})
	for _, w := range t.Widgets {
		writeOut(w.Properties.Metrics)
	}
	return t, nil
}

func pairs(names map[string]string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		list = append(list, "${"+name+"}", names[name])
	}
	return list
}

// plain returns a node as maps, lists and values. Of the intrinsic functions it knows Ref, GetAtt
// and Sub.
func plain(node *yaml.Node, resolver *strings.Replacer) any {
	switch {
	case node.Tag == "!Ref" || node.Tag == "!GetAtt" && node.Kind == yaml.ScalarNode:
		return resolver.Replace("${" + node.Value + "}")
	case node.Tag == "!Sub" && node.Kind == yaml.ScalarNode:
		return resolver.Replace(node.Value)
	case node.Tag == "!Sub" && len(node.Content) > 0:
		return resolver.Replace(node.Content[0].Value)
	case node.Kind == yaml.AliasNode:
		return plain(node.Alias, resolver)
	case node.Kind == yaml.MappingNode:
		members := map[string]any{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			members[node.Content[i].Value] = plain(node.Content[i+1], resolver)
		}
		return members
	case node.Kind == yaml.SequenceNode:
		items := []any{}
		for _, item := range node.Content {
			items = append(items, plain(item, resolver))
		}
		return items
	}
	var value any
	if strings.HasPrefix(node.Tag, "!!") && node.Decode(&value) == nil {
		return value
	}
	return node.Value
}

// writeOut replaces CloudWatch's abbreviations in place: "." repeats the name at this position in
// the metric above, and "..." all names up to those that follow it.
func writeOut(metrics [][]any) {
	var above []any
	for i, metric := range metrics {
		names, rendering := metric, []any(nil)
		if len(metric) > 0 {
			if _, ok := metric[len(metric)-1].(map[string]any); ok {
				names, rendering = metric[:len(metric)-1], metric[len(metric)-1:]
			}
		}
		if len(names) > 0 && names[0] == "..." && len(names) <= len(above)+1 {
			names = slices.Concat(above[:len(above)-len(names)+1], names[1:])
		}
		for j := range names {
			if names[j] == "." && j < len(above) {
				names[j] = above[j]
			}
		}
		above = names
		metrics[i] = slices.Concat(names, rendering)
	}
}
