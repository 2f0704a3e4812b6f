package template_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/handler"
)

// updateRules returns the logical IDs of the rules that put fulfilment updates into the queue.
func updateRules(tpl template) []string {
	return slices.DeleteFunc(tpl.ofType("AWS::Events::Rule"), func(name string) bool { return name == "PublishedRule" })
}

func TestRulesMatchTheUpdatesThatOnEventsApplies(t *testing.T) {
	tpl := load(t)
	var wanted, found []string
	for _, event := range handler.FulfilmentEvents() {
		wanted = append(wanted, event.Source+" "+event.DetailType)
	}
	for _, name := range updateRules(tpl) {
		rule := tpl.properties(t, name, "AWS::Events::Rule")
		require.Equal(t, "${EventBusName}", text(rule["EventBusName"]), name)
		require.Len(t, rule["EventPattern"], 2, name)
		for _, source := range texts(at(rule, "EventPattern", "source")) {
			for _, detailType := range texts(at(rule, "EventPattern", "detail-type")) {
				found = append(found, source+" "+detailType)
			}
		}
		targets := rule["Targets"].([]any)
		require.Len(t, targets, 1, name)
		require.Equal(t, "${FulfilmentQueue.Arn}", text(at(targets[0], "Arn")), name)
		require.Equal(t, "${FulfilmentDeadLetterQueue.Arn}", text(at(targets[0], "DeadLetterConfig", "Arn")), name)
	}
	require.ElementsMatch(t, wanted, found)
}

// The platform's bus is named after the environment.
func TestRuleNamesFitForEveryEnvironment(t *testing.T) {
	tpl := load(t)
	pattern := text(at(tpl["Parameters"], "Environment", "AllowedPattern"))
	longest := "e" + strings.Repeat("-", 19)
	require.Regexp(t, pattern, longest)
	require.NotRegexp(t, pattern, longest+"-")
	for _, name := range tpl.ofType("AWS::Events::Rule") {
		name := text(tpl.properties(t, name, "AWS::Events::Rule")["Name"])
		name = strings.NewReplacer("${EventBusName}", "ecommerce-"+longest, "${Environment}", longest).Replace(name)
		require.LessOrEqual(t, len(name), 64, name)
	}
}

// PutEvents to a bus that does not exist succeeds.
func TestARuleMatchesWhatIsPublished(t *testing.T) {
	tpl := load(t)
	rule := tpl.properties(t, "PublishedRule", "AWS::Events::Rule")
	require.Equal(t, map[string]any{"source": []any{"ecommerce.orders"}}, rule["EventPattern"])
	require.Equal(t, "${EventBusName}", text(rule["EventBusName"]))
	require.ElementsMatch(t, metricsOf(t, tpl, "EventsMissingAlarm"), []string{
		"ecommerce.orders eventsPublished environment=${Environment} service=orders",
		"AWS/Events TriggeredRules EventBusName=${EventBusName} RuleName=" + text(rule["Name"]),
	})
}

// An outage of three hours passes without anyone doing anything.
func TestUpdatesAreRetriedForLongerThanAnOutage(t *testing.T) {
	tpl := load(t)
	queue := tpl.properties(t, "FulfilmentQueue", "AWS::SQS::Queue")
	function := tpl.properties(t, "OnEventsFunction", "AWS::Serverless::Function")
	visibility := queue["VisibilityTimeout"].(int)
	require.GreaterOrEqual(t, visibility, 6*function["Timeout"].(int))
	receives := at(queue, "RedrivePolicy", "maxReceiveCount").(int)
	require.GreaterOrEqual(t, (receives-1)*visibility, 3*3600+1800)
	require.Less(t, receives*visibility, 24*3600)
	require.Equal(t, "${FulfilmentDeadLetterQueue.Arn}", text(at(queue, "RedrivePolicy", "deadLetterTargetArn")))

	require.Len(t, function["Events"], 1)
	mapping := at(function["Events"], "Updates", "Properties")
	require.Equal(t, "${FulfilmentQueue.Arn}", text(at(mapping, "Queue")))
	require.Equal(t, 10, at(mapping, "BatchSize"))
	require.Equal(t, []string{"ReportBatchItemFailures"}, texts(at(mapping, "FunctionResponseTypes")))
	require.Equal(t, "${UpdateConcurrency}", text(at(mapping, "ScalingConfig", "MaximumConcurrency")))
	require.Equal(t, 2, at(tpl["Parameters"], "UpdateConcurrency", "MinValue"), "the least that SQS event source mappings take")
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
	require.Less(t, age, day/4, "the pointer to a record is valid for long after that")
}

func TestQueuesAreEncryptedAndRetained(t *testing.T) {
	tpl := load(t)
	covered := map[string]bool{} // by a policy that denies plain HTTP, and nothing else, so that messages can be redriven
	for _, name := range tpl.ofType("AWS::SQS::QueuePolicy") {
		policy := tpl.properties(t, name, "AWS::SQS::QueuePolicy")
		var denied []any
		for _, statement := range at(policy, "PolicyDocument", "Statement").([]any) {
			if at(statement, "Effect") == "Deny" {
				denied = append(denied, at(statement, "Condition"))
			}
		}
		require.Equal(t, []any{map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}}}, denied, name)
		for _, queue := range texts(policy["Queues"]) {
			require.False(t, covered[queue], "a queue has one policy")
			covered[queue] = true
		}
	}
	queues := tpl.ofType("AWS::SQS::Queue")
	require.Len(t, queues, 3)
	for _, name := range queues {
		queue := tpl.properties(t, name, "AWS::SQS::Queue")
		require.Equal(t, ifSet("HasKmsKey", map[string]any{"Ref": "AWS::NoValue"}, true), queue["SqsManagedSseEnabled"], name)
		require.Equal(t, 14*24*3600, queue["MessageRetentionPeriod"], name)
		require.NotContains(t, queue, "RedriveAllowPolicy", "without it, messages can be redriven to every queue")
		for _, policy := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
			require.Equal(t, "Retain", at(tpl["Resources"], name, policy), name)
		}
		require.True(t, covered["${"+name+"}"], name)
		require.Contains(t, text(at(tpl["Resources"], "Dashboard", "Properties", "DashboardBody")), "${"+name+".QueueName}")
	}
}

func TestOnlyTheRulesMaySendUpdates(t *testing.T) {
	tpl := load(t)
	policy := tpl.properties(t, "FulfilmentQueuesPolicy", "AWS::SQS::QueuePolicy")
	require.ElementsMatch(t, []string{"${FulfilmentQueue}", "${FulfilmentDeadLetterQueue}"}, texts(policy["Queues"]))
	allow := at(policy, "PolicyDocument", "Statement").([]any)[0]
	require.Equal(t, "Allow", at(allow, "Effect"))
	require.Equal(t, "events.amazonaws.com", at(allow, "Principal", "Service"))
	require.Equal(t, "sqs:SendMessage", at(allow, "Action"))
	var rules []string
	for _, name := range updateRules(tpl) {
		rules = append(rules, "${"+name+".Arn}")
	}
	require.ElementsMatch(t, rules, texts(at(allow, "Condition", "ArnEquals", "aws:SourceArn")))
}
