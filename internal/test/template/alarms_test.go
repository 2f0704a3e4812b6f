package template_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/handler"
)

func TestAlarmsUseEmittedMetrics(t *testing.T) {
	tpl, known := load(t), emitted(t)
	require.Equal(t, "ecommerce-${Environment}-orders", text(tpl.properties(t, "Api", "AWS::Serverless::Api")["Name"]))
	for _, name := range tpl.ofType("AWS::CloudWatch::Alarm") {
		for _, metric := range metricsOf(t, tpl, name) {
			require.Contains(t, known, metric, name)
		}
		properties := tpl.properties(t, name, "AWS::CloudWatch::Alarm")
		require.Contains(t, []string{"${PageTopic}", "${TicketTopic}"}, text(properties["AlarmActions"].([]any)[0]), name)
		require.Equal(t, properties["AlarmActions"], properties["OKActions"], name)
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
		{"DynamoDBThrottlesAlarm", 0, []string{"AWS/DynamoDB ReadThrottleEvents TableName=${Table}", "AWS/DynamoDB WriteThrottleEvents TableName=${Table}"}},
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
	watched := map[string][]string{
		"FulfilmentDeadLetterQueue":  {},
		"TableUpdateDeadLetterQueue": {"AWS/Lambda DestinationDeliveryFailures FunctionName=${TableUpdateFunction}"},
	}
	for _, rule := range updateRules(tpl) {
		failed := ruleMetric(t, tpl, rule, "InvocationsFailedToBeSentToDlq")
		watched["FulfilmentDeadLetterQueue"] = append(watched["FulfilmentDeadLetterQueue"], failed)
	}
	for queue, metrics := range watched {
		name := strings.TrimSuffix(queue, "Queue") + "MessagesAlarm"
		alarm := tpl.properties(t, name, "AWS::CloudWatch::Alarm")
		require.Equal(t, "GreaterThanThreshold", alarm["ComparisonOperator"], name)
		require.Equal(t, 0, alarm["Threshold"], name)
		waiting := "AWS/SQS ApproximateNumberOfMessagesVisible QueueName=${" + queue + ".QueueName}"
		require.ElementsMatch(t, append(metrics, waiting), metricsOf(t, tpl, name))
	}
}

func TestAPointerRaisesAnAlarmLongBeforeItsRecordExpires(t *testing.T) {
	tpl := load(t)
	alarm := tpl.properties(t, "TableUpdateDeadLetterAgeAlarm", "AWS::CloudWatch::Alarm")
	require.Equal(t, []string{"AWS/SQS ApproximateAgeOfOldestMessage QueueName=${TableUpdateDeadLetterQueue.QueueName}"},
		metricsOf(t, tpl, "TableUpdateDeadLetterAgeAlarm"))
	stream := at(tpl.properties(t, "TableUpdateFunction", "AWS::Serverless::Function")["Events"], "Stream", "Properties")
	require.Less(t, at(stream, "MaximumRecordAgeInSeconds").(int)+alarm["Threshold"].(int), 12*3600)
	require.Equal(t, []string{"${PageTopic}"}, texts(alarm["AlarmActions"]))
}

// SQS's own age leaves out messages that were received three times.
func TestTheAgeOfUpdatesIsTheLargerOfBoth(t *testing.T) {
	tpl := load(t)
	alarm := tpl.properties(t, "FulfilmentUpdateAgeAlarm", "AWS::CloudWatch::Alarm")
	require.ElementsMatch(t, []string{
		"AWS/SQS ApproximateAgeOfOldestMessage QueueName=${FulfilmentQueue.QueueName}",
		"ecommerce.orders updateAge environment=${Environment} service=orders",
	}, metricsOf(t, tpl, "FulfilmentUpdateAgeAlarm"))
	require.Regexp(t, `^MAX\(`, expressionOf(alarm))
	require.Equal(t, 600, alarm["Threshold"])
}

// expressionOf returns the expression that an alarm evaluates.
func expressionOf(alarm map[string]any) string {
	for _, query := range alarm["Metrics"].([]any) {
		if expression, ok := at(query, "Expression").(string); ok {
			return expression
		}
	}
	return ""
}

// Neither Lambda nor API Gateway counts a direct invocation that returns "Service unavailable" as
// an error, and nothing but Lambda counts a crash.
func TestFailedCreatesBurnTheErrorBudget(t *testing.T) {
	tpl := load(t)
	metrics := []string{
		"ecommerce.orders " + handler.MetricOrderUnavailable + " environment=${Environment} service=orders",
		"AWS/Lambda Errors FunctionName=${CreateOrderFunction}", "AWS/Lambda Invocations FunctionName=${CreateOrderFunction}",
	}
	const budget = 0.1 // percent
	for name, window := range map[string]struct {
		hours, burnRate float64
		topic           string
	}{"CreateFailuresFastBurnAlarm": {1, 14.4, "${PageTopic}"}, "CreateFailuresSlowBurnAlarm": {6, 6, "${TicketTopic}"}} {
		alarm := tpl.properties(t, name, "AWS::CloudWatch::Alarm")
		require.ElementsMatch(t, metrics, metricsOf(t, tpl, name))
		require.InEpsilon(t, window.burnRate*budget, alarm["Threshold"], 1e-9, name)
		require.Contains(t, expressionOf(alarm), ">= 5", "few failures raise no alarm")
		require.Equal(t, []string{window.topic}, texts(alarm["AlarmActions"]), name)
		for _, query := range alarm["Metrics"].([]any)[1:] {
			require.InEpsilon(t, window.hours*3600, at(query, "MetricStat", "Period"), 1e-9, name)
		}
	}
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

func TestOnlyCloudWatchPublishesToTheTopics(t *testing.T) {
	tpl := load(t)
	require.Equal(t, []string{"PageTopic", "TicketTopic"}, tpl.ofType("AWS::SNS::Topic"))
	policy := tpl.properties(t, "TopicsPolicy", "AWS::SNS::TopicPolicy")
	require.Equal(t, []string{"${PageTopic}", "${TicketTopic}"}, texts(policy["Topics"]))
	statements := at(policy, "PolicyDocument", "Statement").([]any)
	require.Len(t, statements, 2)
	require.Equal(t, "cloudwatch.amazonaws.com", at(statements[0], "Principal", "Service"))
	require.Equal(t, "${AWS::AccountId}", text(at(statements[0], "Condition", "StringEquals", "aws:SourceAccount")))
	require.Equal(t, "Deny", at(statements[1], "Effect"))
	require.Equal(t, "false", at(statements[1], "Condition", "Bool", "aws:SecureTransport"))
}

// branches returns the values that a property can have: both of an Fn::If, or the only one.
func branches(value any) []any {
	if choice, ok := at(value, "Fn::If").([]any); ok {
		return choice[1:]
	}
	return []any{value}
}

// Only the new version's own failures roll it back: an outage of a peer hits all versions alike.
func TestDeploymentsRollBackOnTheirOwnVersion(t *testing.T) {
	tpl := load(t)
	canary := ifSet("IsCanary", "Canary10Percent10Minutes", "AllAtOnce")
	require.Equal(t, canary, at(tpl["Globals"], "Function", "DeploymentPreference", "Type"))
	for function := range functions {
		preference := tpl.properties(t, function, "AWS::Serverless::Function")["DeploymentPreference"]
		require.Nil(t, at(preference, "Type"))
		name := strings.TrimSuffix(function, "Function") + "Canary"
		alarms := texts(at(preference, "Alarms"))
		require.Contains(t, alarms, "${"+name+"ErrorsAlarm}")
		if function == "CreateOrderFunction" || function == "GetOrderFunction" {
			require.ElementsMatch(t, []string{"${" + name + "ErrorsAlarm}", "${" + name + "LatencyAlarm}", "${" + name + "5XXAlarm}"}, alarms)
		}
		for _, alarm := range alarms {
			if strings.Contains(alarm, "5XX") {
				continue // see TestCanariesAreComparedWithTheOtherVersions
			}
			for _, metric := range metricsOf(t, tpl, strings.Trim(alarm, "${}")) {
				require.Contains(t, metric, " FunctionName=${"+function+"} Resource=${"+function+"}:live ExecutedVersion=${"+function+".Version.Version}")
			}
		}
	}
}

func TestCanariesAreComparedWithTheOtherVersions(t *testing.T) {
	tpl := load(t)
	for _, function := range []string{"CreateOrder", "GetOrder"} {
		all := "FunctionName=${" + function + "Function}"
		version := all + " ExecutedVersion=${" + function + "Function.Version.Version}"
		require.ElementsMatch(t, []string{
			"ecommerce.orders responses5xx " + version, "ecommerce.orders responses " + version,
			"ecommerce.orders responses5xx " + all, "ecommerce.orders responses " + all,
		}, metricsOf(t, tpl, function+"Canary5XXAlarm"))
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
