package template_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/handler"
)

func TestRulesMatchTheUpdatesThatOnEventsApplies(t *testing.T) {
	tpl := load(t)
	var wanted []string
	for _, event := range handler.FulfilmentEvents() {
		wanted = append(wanted, event.Source+" "+event.DetailType)
	}
	var found []string
	function := tpl.properties(t, "OnEventsFunction", "AWS::Serverless::Function")
	for name, event := range function["Events"].(map[string]any) {
		require.Equal(t, "EventBridgeRule", at(event, "Type"), name)
		rule := at(event, "Properties")
		require.Equal(t, "${EventBusName}", text(at(rule, "EventBusName")), name)
		require.Len(t, at(rule, "Pattern"), 2, name)
		for _, source := range texts(at(rule, "Pattern", "source")) {
			for _, detailType := range texts(at(rule, "Pattern", "detail-type")) {
				found = append(found, source+" "+detailType)
			}
		}
		require.Equal(t, "${RulesDeadLetterQueue.Arn}", text(at(rule, "DeadLetterConfig", "Arn")), name)
		require.NotNil(t, at(rule, "RetryPolicy"), name)
	}
	require.ElementsMatch(t, wanted, found)
}

func TestUpdatesThatFailAreDeadLetters(t *testing.T) {
	invoke := load(t).properties(t, "OnEventsFunction", "AWS::Serverless::Function")["EventInvokeConfig"]
	require.Equal(t, 2, at(invoke, "MaximumRetryAttempts"))
	require.Equal(t, "${OnEventsDeadLetterQueue.Arn}", text(at(invoke, "DestinationConfig", "OnFailure", "Destination")))
}

func TestStreamMappingIsBounded(t *testing.T) {
	function := load(t).properties(t, "TableUpdateFunction", "AWS::Serverless::Function")
	require.Len(t, function["Events"], 1)
	stream := at(function["Events"], "Stream", "Properties")
	require.Equal(t, "${Table.StreamArn}", text(at(stream, "Stream")))
	require.Equal(t, "TRIM_HORIZON", at(stream, "StartingPosition"))
	require.Equal(t, []string{"ReportBatchItemFailures"}, texts(at(stream, "FunctionResponseTypes")))
	require.Equal(t, true, at(stream, "BisectBatchOnFunctionError"))
	require.Equal(t, "${TableUpdateDeadLetterQueue.Arn}", text(at(stream, "DestinationConfig", "OnFailure", "Destination")))
	require.Nil(t, at(stream, "FilterCriteria"))

	const outage, day = 3600, 24 * 3600 // seconds
	attempts, age := at(stream, "MaximumRetryAttempts").(int), at(stream, "MaximumRecordAgeInSeconds").(int)
	require.Greater(t, attempts*(function["Timeout"].(int)-1), outage, "an outage of the bus of one hour loses nothing")
	require.Greater(t, age, outage)
	require.Less(t, age, day/4, "a permanent failure does not hold up its lane for long")
}

func TestQueuesAreEncryptedAndRetainForFourteenDays(t *testing.T) {
	tpl := load(t)
	queues := tpl.ofType("AWS::SQS::Queue")
	require.Len(t, queues, 3)
	covered := map[string]bool{} // by a policy that denies plain HTTP
	for _, name := range tpl.ofType("AWS::SQS::QueuePolicy") {
		policy := tpl.properties(t, name, "AWS::SQS::QueuePolicy")
		statements := at(policy, "PolicyDocument", "Statement").([]any)
		last := statements[len(statements)-1]
		require.Equal(t, "Deny", at(last, "Effect"))
		require.Equal(t, map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}}, at(last, "Condition"))
		for _, queue := range texts(policy["Queues"]) {
			require.False(t, covered[queue], "a queue has one policy")
			covered[queue] = true
		}
	}
	for _, name := range queues {
		queue := tpl.properties(t, name, "AWS::SQS::Queue")
		require.Equal(t, true, queue["SqsManagedSseEnabled"], name)
		require.Equal(t, 14*24*3600, queue["MessageRetentionPeriod"], name)
		require.True(t, covered["${"+name+"}"], name)
		require.Contains(t, text(at(tpl["Resources"], "Dashboard", "Properties", "DashboardBody")), "${"+name+".QueueName}")
	}
}

func TestOnlyTheRulesMaySendToTheirQueue(t *testing.T) {
	tpl := load(t)
	policy := tpl.properties(t, "RulesDeadLetterQueuePolicy", "AWS::SQS::QueuePolicy")
	allow := at(policy, "PolicyDocument", "Statement").([]any)[0]
	require.Equal(t, "events.amazonaws.com", at(allow, "Principal", "Service"))
	require.Equal(t, "sqs:SendMessage", at(allow, "Action"))
	var rules []string
	for name := range tpl.properties(t, "OnEventsFunction", "AWS::Serverless::Function")["Events"].(map[string]any) {
		require.True(t, strings.HasSuffix(name, "Rule"))
		rules = append(rules, "${OnEventsFunction"+name+".Arn}") // as SAM names it
	}
	require.ElementsMatch(t, rules, texts(at(allow, "Condition", "ArnEquals", "aws:SourceArn")))
}
