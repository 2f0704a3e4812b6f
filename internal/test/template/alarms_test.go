package template_test

import (
	"maps"
	"orders/internal/handler"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAlarmsUseEmittedMetrics(t *testing.T) {
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

func TestExpressionsUseAllTheirMetrics(t *testing.T) {
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

// A function's metrics without an alias cover all its aliases and versions.
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

// An old dead letter in one queue must not hide a new one in another.
func TestEveryDeadLetterQueueHasItsOwnAlarm(t *testing.T) {
	tpl := load(t)
	lost := func(function string) []string {
		return []string{"AWS/Lambda DestinationDeliveryFailures FunctionName=${" + function + "}"}
	}
	watched := map[string][]string{
		"RulesDeadLetterQueue":       failedDeliveries(t, tpl),
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

// Neither Lambda nor API Gateway counts a direct invocation that returns "Service unavailable" as
// an error.
func TestFailedCreatesRaiseAnAlarm(t *testing.T) {
	tpl := load(t)
	alarm := tpl.properties(t, "CreateOrderUnavailableAlarm", "AWS::CloudWatch::Alarm")
	require.Equal(t, []string{"ecommerce.orders " + handler.MetricOrderUnavailable + " environment=${Environment} service=orders"},
		metricsOf(t, tpl, "CreateOrderUnavailableAlarm"))
	require.Equal(t, "Sum", alarm["Statistic"])
	require.Equal(t, "GreaterThanOrEqualToThreshold", alarm["ComparisonOperator"])
	require.Greater(t, alarm["Threshold"], 1, "a single failure raises no alarm")
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

func TestOnlyCloudWatchPublishesToTheTopic(t *testing.T) {
	tpl := load(t)
	require.Len(t, tpl.ofType("AWS::SNS::Topic"), 1)
	policy := tpl.properties(t, "AlarmTopicPolicy", "AWS::SNS::TopicPolicy")
	statements := at(policy, "PolicyDocument", "Statement").([]any)
	require.Len(t, statements, 1)
	require.Equal(t, "cloudwatch.amazonaws.com", at(statements[0], "Principal", "Service"))
	require.Equal(t, "${AWS::AccountId}", text(at(statements[0], "Condition", "StringEquals", "aws:SourceAccount")))
}

// branches returns the values that a property can have: both of an Fn::If, or the only one.
func branches(value any) []any {
	if choice, ok := at(value, "Fn::If").([]any); ok {
		return choice[1:]
	}
	return []any{value}
}

// Alarms on the metrics of the new version stop every canary. A version that returns 503 to every
// request causes no Lambda errors, so alarms on responses also stop the canaries of the API's
// functions.
func TestDeploymentsRollBackOnAlarms(t *testing.T) {
	tpl := load(t)
	responses := map[string][]string{
		"CreateOrderFunction": {"${CreateOrderUnavailableAlarm}", "${API5XXAlarm}"},
		"GetOrderFunction":    {"${API5XXAlarm}"},
	}
	for function := range functions {
		preference := tpl.properties(t, function, "AWS::Serverless::Function")["DeploymentPreference"]
		require.Equal(t, map[string]any{"Fn::If": []any{"IsCanary", "Canary10Percent10Minutes", "AllAtOnce"}}, at(preference, "Type"))
		choices := branches(at(preference, "Alarms"))
		own := texts(choices[len(choices)-1])
		require.Contains(t, own, "${"+strings.TrimSuffix(function, "Function")+"CanaryErrorsAlarm}")
		for _, alarm := range own {
			for _, metric := range metricsOf(t, tpl, strings.Trim(alarm, "${}")) {
				require.Contains(t, metric, " FunctionName=${"+function+"} Resource=${"+function+"}:live ExecutedVersion=${"+function+".Version.Version}")
			}
		}
		require.ElementsMatch(t, append(own, responses[function]...), texts(choices[0]))
		if responses[function] != nil {
			require.Equal(t, "IsCanary", at(preference, "Alarms", "Fn::If").([]any)[0], "otherwise a fix could not be deployed")
		}
	}
}

// Failed invocations are retried, and one event about an unknown order is no reason to roll back.
func TestASingleFailedEventDoesNotRollBack(t *testing.T) {
	tpl := load(t)
	for _, name := range []string{"OnEventsCanaryErrorsAlarm", "TableUpdateCanaryErrorsAlarm"} {
		alarm := tpl.properties(t, name, "AWS::CloudWatch::Alarm")
		require.Equal(t, 60, alarm["Period"], name)
		require.Equal(t, 2, alarm["DatapointsToAlarm"], name)
		require.Equal(t, 5, alarm["EvaluationPeriods"], name)
	}
}

func TestCanariesCanBeTurnedOff(t *testing.T) {
	conditions := load(t)["Conditions"]
	require.Equal(t, map[string]any{"Fn::And": []any{
		map[string]any{"Condition": "IsLasting"},
		map[string]any{"Fn::Equals": []any{map[string]any{"Ref": "Canary"}, "on"}},
	}}, at(conditions, "IsCanary"))
}
