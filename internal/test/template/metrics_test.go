package template_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/order"
	"orders/internal/peer"
	"orders/internal/telemetry"
	"orders/internal/test/testworld"
)

// A metric is written as namespace, name and dimensions: AWS/Lambda Errors
// FunctionName=${GetOrderFunction}.

// emitted returns every metric that the code or AWS emits for this stack, with its exact
// dimensions.
func emitted(t *testing.T) []string {
	t.Helper()
	tpl, all := load(t), ownMetrics(t)
	for function := range functions {
		names := []string{"Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions"}
		if function == "TableUpdateFunction" { // it reads a stream, and has an on-failure destination
			names = append(names, "IteratorAge", "DestinationDeliveryFailures")
		}
		for _, name := range names {
			of := "AWS/Lambda " + name + " FunctionName=${" + function + "}"
			all = append(all, of, of+" Resource=${"+function+"}:live ExecutedVersion=${"+function+".Version.Version}")
		}
	}
	for _, name := range []string{"Count", "Latency", "4XXError", "5XXError"} {
		all = append(all, "AWS/ApiGateway "+name+" ApiName=ecommerce-${Environment}-orders Stage=live")
	}
	for _, operation := range tableOperations() {
		for _, name := range []string{"SystemErrors", "SuccessfulRequestLatency", "ThrottledRequests"} {
			all = append(all, "AWS/DynamoDB "+name+" TableName=${Table} Operation="+operation)
		}
	}
	all = append(all, "AWS/DynamoDB ReadThrottleEvents TableName=${Table}", "AWS/DynamoDB WriteThrottleEvents TableName=${Table}")
	for _, queue := range tpl.ofType("AWS::SQS::Queue") {
		for _, name := range []string{"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"} {
			all = append(all, "AWS/SQS "+name+" QueueName=${"+queue+".QueueName}")
		}
	}
	for _, rule := range tpl.ofType("AWS::Events::Rule") {
		for _, name := range []string{"TriggeredRules", "InvocationsFailedToBeSentToDlq"} {
			all = append(all, ruleMetric(t, tpl, rule, name))
		}
	}
	return all
}

func ruleMetric(t *testing.T, tpl template, rule, metric string) string {
	t.Helper()
	properties := tpl.properties(t, rule, "AWS::Events::Rule")
	return "AWS/Events " + metric + " EventBusName=" + text(properties["EventBusName"]) + " RuleName=" + text(properties["Name"])
}

// ownMetrics returns the metrics of the functions, from their lines in embedded metric format.
func ownMetrics(t *testing.T) (all []string) {
	t.Helper()
	var output bytes.Buffer
	metrics := telemetry.NewMetrics(&output, "${Environment}", nil)
	metrics.Count(t.Context(), "", map[string]int64{
		handler.MetricOrderCreated: 1, handler.MetricOrderCreatedTotal: 1, handler.MetricOrderPackaged: 1,
		handler.MetricOrderFulfilled: 1, handler.MetricOrderFailed: 1, handler.MetricOrderUnavailable: 1,
		handler.MetricEventsPublished: 1, handler.MetricOrderUnreadable: 1,
	})
	metrics.RecordUpdateAge(t.Context(), time.Minute)
	peers := peer.New(peer.URLs{Users: "http://127.0.0.1:0"}, peer.Options{})
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, checker := range metrics.Checkers(peers) {
		require.Error(t, checker.Check(canceled, order.Order{}))
	}
	for function := range functions {
		lambdacontext.FunctionName = "${" + function + "}"
		lambdacontext.FunctionVersion = "${" + function + ".Version.Version}"
		metrics.CountResponse(t.Context(), "", false, nil)
	}
	lambdacontext.FunctionName, lambdacontext.FunctionVersion = "", ""
	for line := range bytes.Lines(output.Bytes()) {
		all = append(all, metricsOfLine(t, line)...)
	}
	return all
}

func metricsOfLine(t *testing.T, line []byte) (all []string) {
	t.Helper()
	var written struct {
		AWS struct {
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name string }
			}
		} `json:"_aws"`
	}
	var members map[string]any
	require.NoError(t, json.Unmarshal(line, &written))
	require.NoError(t, json.Unmarshal(line, &members))
	for _, directive := range written.AWS.CloudWatchMetrics {
		for _, set := range directive.Dimensions {
			var dimensions string
			for _, name := range set {
				dimensions += " " + name + "=" + members[name].(string)
			}
			for _, metric := range directive.Metrics {
				all = append(all, directive.Namespace+" "+metric.Name+dimensions)
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

// tableOperations returns the DynamoDB operations that the functions call.
func tableOperations() []string {
	var operations []string
	for _, list := range testworld.Calls() {
		for _, call := range list {
			name, ok := strings.CutPrefix(call.Action, "dynamodb:")
			if ok && !slices.Contains(operations, name) {
				operations = append(operations, name)
			}
		}
	}
	slices.Sort(operations)
	return operations
}

// metricsOf returns the metrics of an alarm in their order.
func metricsOf(t *testing.T, tpl template, alarm string) []string {
	t.Helper()
	properties := tpl.properties(t, alarm, "AWS::CloudWatch::Alarm")
	if properties["MetricName"] != nil {
		return []string{metricOf(properties)}
	}
	var all []string
	for _, query := range properties["Metrics"].([]any) {
		if metric, ok := at(query, "MetricStat", "Metric").(map[string]any); ok {
			all = append(all, metricOf(metric))
		}
	}
	return all
}

func metricOf(metric map[string]any) string {
	all := []string{text(metric["Namespace"]), text(metric["MetricName"])}
	for _, dimension := range metric["Dimensions"].([]any) {
		all = append(all, text(at(dimension, "Name"))+"="+text(at(dimension, "Value")))
	}
	return strings.Join(all, " ")
}
