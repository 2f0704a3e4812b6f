package deployment_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/telemetry"
)

// A metric is written as namespace, name and dimensions: AWS/Lambda Errors FunctionName=${GetOrderFunction}.

// emitted is every metric that the code or AWS emits about this stack, with exactly the dimensions that it comes with.
func emitted(t *testing.T) []string {
	t.Helper()
	all := ownMetrics(t)
	for function := range functions {
		for _, name := range []string{"Invocations", "Errors", "Throttles", "Duration", "DestinationDeliveryFailures", "IteratorAge"} {
			if name == "IteratorAge" && function != "TableUpdateFunction" {
				continue // of functions that read a stream
			}
			if name == "DestinationDeliveryFailures" && function != "TableUpdateFunction" && function != "OnEventsFunction" {
				continue // of functions with a destination
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
	for _, queue := range load(t).ofType("AWS::SQS::Queue") {
		all = append(all, "AWS/SQS ApproximateNumberOfMessagesVisible QueueName=${"+queue+".QueueName}")
	}
	return all
}

// ownMetrics is those of the functions, read from a line of theirs.
func ownMetrics(t *testing.T) []string {
	t.Helper()
	var line bytes.Buffer
	telemetry.NewMetrics(&line, "${Environment}", nil).Count(t.Context(), "", map[string]int64{
		handler.MetricOrderCreated: 1, handler.MetricOrderCreatedTotal: 1, handler.MetricOrderPackaged: 1,
		handler.MetricOrderFulfilled: 1, handler.MetricOrderFailed: 1,
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
	require.Len(t, all, 5)
	return all
}

// tableOperations is what the functions do to the table.
func tableOperations() []string {
	var operations []string
	for _, list := range calls {
		for _, call := range list {
			name, ok := strings.CutPrefix(call.action, "dynamodb:")
			if ok && !strings.HasPrefix(call.because, "Lambda does") && !slices.Contains(operations, name) {
				operations = append(operations, name)
			}
		}
	}
	slices.Sort(operations)
	return operations
}

// metricsOf is the metrics of an alarm, in the order in which it lists them.
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

func TestAlarmsWatchWhatIsEmitted(t *testing.T) {
	tpl, known := load(t), emitted(t)
	require.Equal(t, "ecommerce-${Environment}-orders", text(tpl.properties(t, "Api", "AWS::Serverless::Api")["Name"]))
	for _, name := range tpl.ofType("AWS::CloudWatch::Alarm") {
		for _, metric := range metricsOf(t, tpl, name) {
			require.Contains(t, known, metric, name)
		}
		properties := tpl.properties(t, name, "AWS::CloudWatch::Alarm")
		require.Equal(t, []string{"${AlarmTopic}"}, texts(properties["AlarmActions"]), name)
		require.Equal(t, []string{"${AlarmTopic}"}, texts(properties["OKActions"]), name)
		require.NotNil(t, properties["TreatMissingData"], name)
		require.NotEmpty(t, properties["AlarmDescription"], name)
		require.LessOrEqual(t, properties["DatapointsToAlarm"], properties["EvaluationPeriods"], name)
	}
}

func TestExpressionsUseTheirMetrics(t *testing.T) {
	tpl := load(t)
	for _, name := range tpl.ofType("AWS::CloudWatch::Alarm") {
		queries, _ := tpl.properties(t, name, "AWS::CloudWatch::Alarm")["Metrics"].([]any)
		var expression string
		for _, query := range queries {
			if own, ok := at(query, "Expression").(string); ok {
				require.Empty(t, expression, name)
				expression = own
			}
		}
		for _, query := range queries {
			if at(query, "MetricStat") != nil {
				require.Regexp(t, `\b`+at(query, "Id").(string)+`\b`, expression, name)
			}
		}
	}
}

// The contract's alarms. A function's metrics without an alias are those of all its aliases and versions.
func TestAlarmsOfTheContract(t *testing.T) {
	tpl := load(t)
	lambda := func(metric, function string) string {
		return "AWS/Lambda " + metric + " FunctionName=${" + function + "}"
	}
	gateway := func(metric string) string {
		return "AWS/ApiGateway " + metric + " ApiName=ecommerce-${Environment}-orders Stage=live"
	}
	for name, metric := range map[string]string{
		"CreateOrderLatencyP99Alarm": lambda("Duration", "CreateOrderFunction"),
		"GetOrderLatencyP99Alarm":    lambda("Duration", "GetOrderFunction"),
		"APILatencyP99Alarm":         gateway("Latency"),
	} {
		alarm := tpl.properties(t, name, "AWS::CloudWatch::Alarm")
		require.Equal(t, []string{metric}, metricsOf(t, tpl, name))
		require.Equal(t, "p99", alarm["ExtendedStatistic"])
		require.Equal(t, 1000, alarm["Threshold"])
		require.Equal(t, "GreaterThanOrEqualToThreshold", alarm["ComparisonOperator"])
	}
	for _, test := range []struct {
		name      string
		threshold int
		metrics   []string
	}{
		{"API4XXAlarm", 1, []string{gateway("4XXError"), gateway("Count")}},
		{"API5XXAlarm", 0, []string{gateway("5XXError")}},
		{"DynamoDBErrorsAlarm", 0, each(tableOperations(), "AWS/DynamoDB SystemErrors TableName=${Table} Operation=")},
		{"CreateOrderLambdaErrorsAlarm", 0, []string{lambda("Errors", "CreateOrderFunction")}},
		{"GetOrderLambdaErrorsAlarm", 0, []string{lambda("Errors", "GetOrderFunction")}},
		{"OnEventsLambdaErrorsAlarm", 0, []string{lambda("Errors", "OnEventsFunction")}},
		{"TableUpdateLambdaErrorsAlarm", 0, []string{lambda("Errors", "TableUpdateFunction")}},
		{"LambdaThrottlesAlarm", 0, []string{lambda("Throttles", "CreateOrderFunction"), lambda("Throttles", "GetOrderFunction"),
			lambda("Throttles", "OnEventsFunction"), lambda("Throttles", "TableUpdateFunction")}},
		{"StreamIteratorAgeAlarm", 60000, []string{lambda("IteratorAge", "TableUpdateFunction")}},
	} {
		alarm := tpl.properties(t, test.name, "AWS::CloudWatch::Alarm")
		require.Equal(t, test.threshold, alarm["Threshold"], test.name)
		require.Equal(t, "GreaterThanThreshold", alarm["ComparisonOperator"], test.name)
		require.ElementsMatch(t, test.metrics, metricsOf(t, tpl, test.name), test.name)
	}
	require.Equal(t, "GreaterThanThreshold", tpl.properties(t, "DeadLetterMessagesAlarm", "AWS::CloudWatch::Alarm")["ComparisonOperator"])
}

func each(names []string, prefix string) []string {
	var all []string
	for _, name := range names {
		all = append(all, prefix+name)
	}
	return all
}

func TestAnomalyOfOrdersCreated(t *testing.T) {
	tpl := load(t)
	detector := tpl.properties(t, "OrderCreatedAnomalyDetector", "AWS::CloudWatch::AnomalyDetector")["SingleMetricAnomalyDetector"].(map[string]any)
	require.Equal(t, []string{metricOf(detector)}, metricsOf(t, tpl, "OrderCreatedAnomalyAlarm"))
	require.Contains(t, metricOf(detector), " "+handler.MetricOrderCreated+" ")
	alarm := tpl.properties(t, "OrderCreatedAnomalyAlarm", "AWS::CloudWatch::Alarm")
	band := alarm["Metrics"].([]any)[1]
	require.Equal(t, alarm["ThresholdMetricId"], at(band, "Id"))
	require.Equal(t, at(alarm["Metrics"].([]any)[0], "MetricStat", "Stat"), detector["Stat"], "one model for one statistic")
}

// A canary is judged by the new version's share alone, so that what mends a failing version can be deployed.
func TestDeploymentsRollBackOnTheirOwnAlarms(t *testing.T) {
	tpl := load(t)
	for function := range functions {
		preference := tpl.properties(t, function, "AWS::Serverless::Function")["DeploymentPreference"]
		require.Equal(t, map[string]any{"Fn::If": []any{"IsLasting", "Canary10Percent10Minutes", "AllAtOnce"}}, at(preference, "Type"))
		alarms := texts(at(preference, "Alarms"))
		require.Contains(t, alarms, "${"+strings.TrimSuffix(function, "Function")+"CanaryErrorsAlarm}")
		for _, alarm := range alarms {
			for _, metric := range metricsOf(t, tpl, strings.Trim(alarm, "${}")) {
				require.Contains(t, metric, " FunctionName=${"+function+"} Resource=${"+function+"}:live ExecutedVersion=${"+function+".Version.Version}")
			}
		}
	}
}

func TestOnlyCloudWatchSpeaksThroughTheTopic(t *testing.T) {
	tpl := load(t)
	require.Len(t, tpl.ofType("AWS::SNS::Topic"), 1)
	policy := tpl.properties(t, "AlarmTopicPolicy", "AWS::SNS::TopicPolicy")
	statements := at(policy, "PolicyDocument", "Statement").([]any)
	require.Len(t, statements, 1)
	require.Equal(t, "cloudwatch.amazonaws.com", at(statements[0], "Principal", "Service"))
	require.Equal(t, "${AWS::AccountId}", text(at(statements[0], "Condition", "StringEquals", "aws:SourceAccount")))
}
