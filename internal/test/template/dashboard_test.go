package template_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A widget is one element of the dashboard.
type widget struct {
	Type                string
	X, Y, Width, Height int
	Properties          struct {
		Markdown, Title, Region, View, Query, Stat string
		SetPeriodToTimeRange                       bool
		Alarms                                     []string
		Metrics                                    [][]any
	}
}

// sections returns the dashboard's headings in order, and the widgets below each.
func sections(t *testing.T) (headings []string, widgets map[string][]widget) {
	t.Helper()
	dashboard := load(t).properties(t, "Dashboard", "AWS::CloudWatch::Dashboard")
	var body struct{ Widgets []widget }
	require.NoError(t, json.Unmarshal([]byte(text(dashboard["DashboardBody"])), &body))
	for _, w := range body.Widgets {
		writeOut(w.Properties.Metrics)
	}
	slices.SortStableFunc(body.Widgets, func(a, b widget) int { return a.Y - b.Y })
	widgets = map[string][]widget{}
	for _, w := range body.Widgets {
		if w.Type == "text" {
			headings = append(headings, strings.TrimPrefix(w.Properties.Markdown, "## "))
			continue
		}
		last := headings[len(headings)-1]
		widgets[last] = append(widgets[last], w)
	}
	return headings, widgets
}

// writeOut replaces CloudWatch's abbreviations in place: "." repeats the name at this position in
// the metric above, and "..." all names up to those that follow it.
func writeOut(metrics [][]any) {
	var above []any
	for i, metric := range metrics {
		names, rendering := metric, []any(nil)
		if _, ok := metric[len(metric)-1].(map[string]any); ok {
			names, rendering = metric[:len(metric)-1], metric[len(metric)-1:]
		}
		if len(names) == 0 { // an expression
			continue
		}
		if names[0] == "..." {
			names = slices.Concat(above[:len(above)-len(names)+1], names[1:])
		}
		for j := range names {
			if names[j] == "." {
				names[j] = above[j]
			}
		}
		above = names
		metrics[i] = slices.Concat(names, rendering)
	}
}

// shown returns the metrics of widgets, with their statistics unless it is Sum.
func shown(widgets []widget) []string {
	var all []string
	for _, w := range widgets {
		for _, metric := range w.Properties.Metrics {
			rendering, _ := metric[len(metric)-1].(map[string]any)
			if rendering["expression"] != nil {
				continue
			}
			name := metric[0].(string) + " " + metric[1].(string)
			for i := 2; i+1 < len(metric); i += 2 {
				name += " " + metric[i].(string) + "=" + metric[i+1].(string)
			}
			stat, own := rendering["stat"].(string)
			if !own {
				stat = w.Properties.Stat
			}
			if stat != "Sum" {
				name += " " + stat
			}
			all = append(all, name)
		}
	}
	return all
}

func TestDashboardUsesEmittedMetrics(t *testing.T) {
	known := emitted(t)
	_, widgets := sections(t)
	for _, list := range widgets {
		for _, metric := range shown(list) {
			for _, stat := range []string{" p50", " p90", " p99", " Maximum"} {
				metric = strings.TrimSuffix(metric, stat)
			}
			require.Contains(t, known, metric)
		}
	}
}

func TestDashboardIsInTheContractsOrder(t *testing.T) {
	headings, widgets := sections(t)
	require.Equal(t, []string{"Alarms", "Key metrics", "Traffic", "Latency", "Errors", "Last 20 errors"}, headings)
	own := func(name string) string {
		return "ecommerce.orders " + name + " environment=${Environment} service=orders"
	}
	lambda := func(metric, function string) string {
		return "AWS/Lambda " + metric + " FunctionName=${" + function + "Function}"
	}
	var percentiles []string
	for _, function := range []string{"CreateOrder", "GetOrder"} {
		for _, percentile := range []string{"p50", "p90", "p99"} {
			percentiles = append(percentiles, lambda("Duration", function)+" "+percentile)
		}
	}
	require.Subset(t, shown(widgets["Key metrics"]), append(percentiles, own("orderCreated"), own("orderFulfilled"), own("orderFailed"), own("orderUnavailable")))
	require.Subset(t, shown(widgets["Traffic"]), []string{own("orderCreated"), own("orderPackaged"), own("orderFulfilled"), own("orderFailed"), own("orderUnavailable")})
	require.Subset(t, shown(widgets["Latency"]), append(percentiles, lambda("IteratorAge", "TableUpdate")+" Maximum",
		lambda("Duration", "OnEvents")+" p99", lambda("Duration", "TableUpdate")+" p99", own("updateAge")+" Maximum"))
	for function := range functions {
		name := strings.TrimSuffix(function, "Function")
		require.Contains(t, shown(widgets["Key metrics"]), lambda("Errors", name))
		require.Contains(t, shown(widgets["Traffic"]), lambda("Invocations", name))
		require.Contains(t, shown(widgets["Errors"]), lambda("Errors", name))
		require.Contains(t, shown(widgets["Errors"]), lambda("ConcurrentExecutions", name)+" Maximum")
	}
	for _, operation := range tableOperations() {
		require.Contains(t, shown(widgets["Latency"]), "AWS/DynamoDB SuccessfulRequestLatency TableName=${Table} Operation="+operation+" p99")
		require.Contains(t, shown(widgets["Errors"]), "AWS/DynamoDB SystemErrors TableName=${Table} Operation="+operation)
	}
	for _, peer := range []string{"products", "payment", "delivery", "users"} {
		require.Contains(t, shown(widgets["Errors"]), own("checkFailed")+" peer="+peer)
	}
}

func TestDashboardBeginsWithTheAlarms(t *testing.T) {
	_, widgets := sections(t)
	require.Len(t, widgets["Alarms"], 1)
	var alarms []string
	for _, name := range load(t).ofType("AWS::CloudWatch::Alarm") {
		alarms = append(alarms, "${"+name+".Arn}")
	}
	require.ElementsMatch(t, alarms, widgets["Alarms"][0].Properties.Alarms)
}

func TestOrdersAreShownForTheWholePeriod(t *testing.T) {
	_, widgets := sections(t)
	orders := widgets["Key metrics"][0].Properties
	require.Equal(t, "singleValue", orders.View)
	require.True(t, orders.SetPeriodToTimeRange)
	success := orders.Metrics[len(orders.Metrics)-1][0].(map[string]any)
	require.Equal(t, "100 - 100 * (FILL(failed, 0) + FILL(errors, 0)) / invocations", success["expression"])
}

func TestDashboardEndsWithTheLastErrors(t *testing.T) {
	_, widgets := sections(t)
	require.Len(t, widgets["Last 20 errors"], 1)
	last := widgets["Last 20 errors"][0]
	require.Equal(t, "log", last.Type)
	require.Equal(t, len(functions), strings.Count(last.Properties.Query, "SOURCE "))
	for function := range functions {
		require.Contains(t, last.Properties.Query, "SOURCE '${"+strings.TrimSuffix(function, "Function")+"LogGroup}'")
	}
	require.Contains(t, last.Properties.Query, "| limit 20")
	require.Contains(t, last.Properties.Query, "level = 'ERROR'") // as telemetry logs it
}

func TestWidgetsDoNotOverlap(t *testing.T) {
	_, sectioned := sections(t)
	taken := map[[2]int]string{}
	for _, widgets := range sectioned {
		for _, w := range widgets {
			if w.Type != "alarm" {
				require.Equal(t, "${AWS::Region}", w.Properties.Region)
			}
			require.LessOrEqual(t, w.X+w.Width, 24)
			for x := w.X; x < w.X+w.Width; x++ {
				for y := w.Y; y < w.Y+w.Height; y++ {
					require.Empty(t, taken[[2]int{x, y}], w.Properties.Title)
					taken[[2]int{x, y}] = w.Properties.Title
				}
			}
		}
	}
}
