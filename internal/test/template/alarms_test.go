package template_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/handler"
)

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
		if datapoints, ok := properties["DatapointsToAlarm"]; ok {
			require.Less(t, datapoints, properties["EvaluationPeriods"], "%s: by default they are equal", name)
		}
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
}

// An old letter in one queue must not keep an alarm silent about a new one in another.
func TestEveryDeadLetterQueueHasAnAlarmOfItsOwn(t *testing.T) {
	tpl := load(t)
	lost := func(function string) []string {
		return []string{"AWS/Lambda DestinationDeliveryFailures FunctionName=${" + function + "}"}
	}
	watched := map[string][]string{
		"RulesDeadLetterQueue":       lostByRules(t, tpl),
		"OnEventsDeadLetterQueue":    lost("OnEventsFunction"),
		"TableUpdateDeadLetterQueue": lost("TableUpdateFunction"),
	}
	require.Equal(t, slices.Sorted(maps.Keys(watched)), tpl.ofType("AWS::SQS::Queue"))
	for queue, metrics := range watched {
		name := strings.TrimSuffix(queue, "Queue") + "MessagesAlarm"
		alarm := tpl.properties(t, name, "AWS::CloudWatch::Alarm")
		require.Equal(t, "GreaterThanThreshold", alarm["ComparisonOperator"], name)
		require.Equal(t, 0, alarm["Threshold"], name)
		require.ElementsMatch(t, append(metrics, "AWS/SQS ApproximateNumberOfMessagesVisible QueueName=${"+queue+".QueueName}"), metricsOf(t, tpl, name))
	}
}

// Neither Lambda nor API Gateway counts an error when a direct invocation is told that its order cannot be taken.
func TestOrdersThatCannotBeTakenRaiseAnAlarm(t *testing.T) {
	tpl := load(t)
	alarm := tpl.properties(t, "CreateOrderUnavailableAlarm", "AWS::CloudWatch::Alarm")
	require.Equal(t, []string{"ecommerce.orders " + handler.MetricOrderUnavailable + " environment=${Environment} service=orders"},
		metricsOf(t, tpl, "CreateOrderUnavailableAlarm"))
	require.Equal(t, "Sum", alarm["Statistic"])
	require.Equal(t, "GreaterThanOrEqualToThreshold", alarm["ComparisonOperator"])
	require.Greater(t, alarm["Threshold"], 1, "one blip wakes nobody")
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

func TestOnlyCloudWatchSpeaksThroughTheTopic(t *testing.T) {
	tpl := load(t)
	require.Len(t, tpl.ofType("AWS::SNS::Topic"), 1)
	policy := tpl.properties(t, "AlarmTopicPolicy", "AWS::SNS::TopicPolicy")
	statements := at(policy, "PolicyDocument", "Statement").([]any)
	require.Len(t, statements, 1)
	require.Equal(t, "cloudwatch.amazonaws.com", at(statements[0], "Principal", "Service"))
	require.Equal(t, "${AWS::AccountId}", text(at(statements[0], "Condition", "StringEquals", "aws:SourceAccount")))
}
