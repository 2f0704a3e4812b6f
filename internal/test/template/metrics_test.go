package template_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/telemetry"
	"orders/internal/test/testworld"
)

// A metric is written as namespace, name and dimensions: AWS/Lambda Errors
// FunctionName=${GetOrderFunction}.

// emitted returns every metric that the code or AWS emits for this stack, with its exact
// dimensions.
func emitted(t *testing.T) []string {
	t.Helper()
	all := ownMetrics(t)
	for function := range functions {
		for _, name := range []string{"Invocations", "Errors", "Throttles", "Duration", "DestinationDeliveryFailures", "IteratorAge"} {
			if name == "IteratorAge" && function != "TableUpdateFunction" {
				continue // only for functions with a stream
			}
			if name == "DestinationDeliveryFailures" && function != "TableUpdateFunction" && function != "OnEventsFunction" {
				continue // only for functions with a destination
			}
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
	tpl := load(t)
	for _, queue := range tpl.ofType("AWS::SQS::Queue") {
		all = append(all, "AWS/SQS ApproximateNumberOfMessagesVisible QueueName=${"+queue+".QueueName}")
	}
	return append(all, failedDeliveries(t, tpl)...)
}

// failedDeliveries returns the metrics of events that EventBridge could not send to the rules'
// dead-letter queue.
func failedDeliveries(t *testing.T, tpl template) []string {
	t.Helper()
	var all []string
	for _, event := range tpl.properties(t, "OnEventsFunction", "AWS::Serverless::Function")["Events"].(map[string]any) {
		rule := at(event, "Properties")
		all = append(all, "AWS/Events InvocationsFailedToBeSentToDlq EventBusName="+text(at(rule, "EventBusName"))+" RuleName="+text(at(rule, "RuleName")))
	}
	require.Len(t, all, 2)
	return all
}

// ownMetrics returns the metrics of the functions, from a line in embedded metric format.
func ownMetrics(t *testing.T) []string {
	t.Helper()
	var line bytes.Buffer
	telemetry.NewMetrics(&line, "${Environment}", nil).Count(t.Context(), "", map[string]int64{
		handler.MetricOrderCreated: 1, handler.MetricOrderCreatedTotal: 1, handler.MetricOrderPackaged: 1,
		handler.MetricOrderFulfilled: 1, handler.MetricOrderFailed: 1, handler.MetricOrderUnavailable: 1,
	})
	var written struct {
		AWS struct {
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	var members map[string]any
	require.NoError(t, json.Unmarshal(line.Bytes(), &written))
	require.NoError(t, json.Unmarshal(line.Bytes(), &members))
	directive := written.AWS.CloudWatchMetrics[0]
	var dimensions string
	for _, name := range directive.Dimensions[0] {
		dimensions += " " + name + "=" + members[name].(string)
	}
	var all []string
	for _, metric := range directive.Metrics {
		all = append(all, directive.Namespace+" "+metric.Name+dimensions)
	}
	require.Len(t, all, 6)
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
