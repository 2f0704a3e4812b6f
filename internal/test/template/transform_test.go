package template_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// transformed is the template after AWS::Include and SAM's own transform, made by SAM's translator. It is a Python
// program that comes with cfn-lint; without it the test is left out, unless the environment demands it.
func transformed(t *testing.T) template {
	t.Helper()
	if exec.Command("python3", "-c", "import samtranslator").Run() != nil {
		if os.Getenv("REQUIRE_SAM_TRANSLATOR") == "1" {
			t.Fatal("REQUIRE_SAM_TRANSLATOR is 1, but python3 has no samtranslator")
		}
		t.Skip("python3 has no samtranslator, which comes with cfn-lint")
	}
	output, err := exec.CommandContext(t.Context(), "python3", "testdata/transform.py", "../../..").Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("the translator refuses the template: %s", failed.Stderr)
	}
	require.NoError(t, err)
	var tpl template
	require.NoError(t, json.Unmarshal(output, &tpl))
	return tpl
}

func TestTransformed(t *testing.T) {
	tpl := transformed(t)
	for function := range functions {
		t.Run(function, func(t *testing.T) { requireDeployedByAlias(t, tpl, function) })
	}
	t.Run("rules", func(t *testing.T) { requireRulesInvokeTheAlias(t, tpl) })
	t.Run("stream", func(t *testing.T) {
		mapping := tpl.properties(t, "TableUpdateFunctionStream", "AWS::Lambda::EventSourceMapping")
		require.Equal(t, "${TableUpdateFunctionAliaslive}", text(mapping["FunctionName"]))
		require.Equal(t, "${TableUpdateDeadLetterQueue.Arn}", text(at(mapping, "DestinationConfig", "OnFailure", "Destination")))
	})
	t.Run("asynchronous", func(t *testing.T) {
		config := tpl.properties(t, "OnEventsFunctionEventInvokeConfig", "AWS::Lambda::EventInvokeConfig")
		require.Equal(t, "live", config["Qualifier"])
		require.Equal(t, "${OnEventsDeadLetterQueue.Arn}", text(at(config, "DestinationConfig", "OnFailure", "Destination")))
	})
	t.Run("API", func(t *testing.T) { requireAPIReachesTheAliases(t, tpl) })
	t.Run("roles", func(t *testing.T) {
		require.ElementsMatch(t, []string{"CreateOrderRole", "GetOrderRole", "OnEventsRole", "TableUpdateRole", "CodeDeployServiceRole"},
			tpl.ofType("AWS::IAM::Role"), "SAM gives no function a role of its own making")
	})
	t.Run("references", func(t *testing.T) { requireWholeReferences(t, tpl) })
	t.Run("circles", func(t *testing.T) { requireNoCircle(t, tpl) })
}

// requireDeployedByAlias wants the alias to shift to a new version by CodeDeploy, judged by alarms on that version at
// least.
func requireDeployedByAlias(t *testing.T, tpl template, function string) {
	t.Helper()
	alias := tpl["Resources"].(map[string]any)[function+"Aliaslive"]
	group := function + "DeploymentGroup"
	require.Equal(t, "${"+group+"}", text(at(alias, "UpdatePolicy", "CodeDeployLambdaAliasUpdate", "DeploymentGroupName")))
	version := text(at(alias, "Properties", "FunctionVersion"))
	deployment := tpl.properties(t, group, "AWS::CodeDeploy::DeploymentGroup")
	for _, watch := range branches(deployment["AlarmConfiguration"]) {
		require.Equal(t, true, at(watch, "Enabled"))
		var own int
		for _, alarm := range at(watch, "Alarms").([]any) {
			for _, metric := range metricsOf(t, tpl, strings.Trim(text(at(alarm, "Name")), "${}")) {
				if strings.HasSuffix(metric, " ExecutedVersion="+version) {
					own++
				}
			}
		}
		require.NotZero(t, own)
	}
	require.Contains(t, at(deployment, "AutoRollbackConfiguration", "Events"), "DEPLOYMENT_STOP_ON_ALARM")
}

func requireRulesInvokeTheAlias(t *testing.T, tpl template) {
	t.Helper()
	rules := tpl.ofType("AWS::Events::Rule")
	require.Len(t, rules, 2)
	for _, name := range rules {
		rule := tpl.properties(t, name, "AWS::Events::Rule")
		require.Equal(t, "${EventBusName}", text(rule["EventBusName"]))
		require.Contains(t, lostByRules(t, load(t)), "AWS/Events InvocationsFailedToBeSentToDlq EventBusName=${EventBusName} RuleName="+text(rule["Name"]))
		target := rule["Targets"].([]any)[0]
		require.Equal(t, "${OnEventsFunctionAliaslive}", text(at(target, "Arn")))
		require.Equal(t, "${RulesDeadLetterQueue.Arn}", text(at(target, "DeadLetterConfig", "Arn")))
		require.NotNil(t, at(target, "RetryPolicy"))
		permission := tpl.properties(t, name+"Permission", "AWS::Lambda::Permission")
		require.Equal(t, "${OnEventsFunctionAliaslive}", text(permission["FunctionName"]))
		require.Equal(t, "${"+name+".Arn}", text(permission["SourceArn"]))
	}
}

func requireAPIReachesTheAliases(t *testing.T, tpl template) {
	t.Helper()
	body := at(tpl.properties(t, "Api", "AWS::ApiGateway::RestApi"), "Body")
	require.Equal(t, []any{map[string]any{"Ref": "UserPoolArn"}},
		at(body, "components", "securitySchemes", "UserPool", "x-amazon-apigateway-authorizer", "providerARNs"))
	for _, i := range integrations(t) {
		method, path, _ := strings.Cut(i.route, " ")
		uri := text(at(body, "paths", path, strings.ToLower(method), "x-amazon-apigateway-integration", "uri"))
		require.True(t, strings.HasSuffix(uri, "/functions/${"+i.function+"Aliaslive}/invocations"), uri)
	}
	require.Equal(t, []string{"ApiliveStage"}, tpl.ofType("AWS::ApiGateway::Stage"), "SAM adds no stage of its own")
}

// requireWholeReferences wants every name that is referred to to be there.
func requireWholeReferences(t *testing.T, tpl template) {
	t.Helper()
	resources, parameters := tpl["Resources"].(map[string]any), tpl["Parameters"].(map[string]any)
	var visit func(value any)
	visit = func(value any) {
		switch value := value.(type) {
		case []any:
			for _, item := range value {
				visit(item)
			}
		case map[string]any:
			for name, item := range value {
				target, _, _ := strings.Cut(strings.Trim(text(value), "${}"), ".")
				if (name == "Ref" || name == "Fn::GetAtt") && !strings.HasPrefix(target, "AWS::") {
					require.True(t, resources[target] != nil || parameters[target] != nil, "%v", value)
				}
				visit(item)
			}
		}
	}
	visit(tpl["Resources"])
	visit(tpl["Outputs"])
}
