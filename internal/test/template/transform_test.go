package template_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// transformed returns the template after AWS::Include and SAM's transform. It needs SAM's
// translator, a Python module that cfn-lint brings. Without it the test is skipped, or fails if
// REQUIRE_SAM_TRANSLATOR is 1.
func transformed(t *testing.T, name string) template {
	t.Helper()
	if exec.Command("python3", "-c", "import samtranslator").Run() != nil {
		if os.Getenv("REQUIRE_SAM_TRANSLATOR") == "1" {
			t.Fatal("REQUIRE_SAM_TRANSLATOR is 1, but python3 has no samtranslator")
		}
		t.Skip("python3 has no samtranslator, which comes with cfn-lint")
	}
	output, err := exec.CommandContext(t.Context(), "python3", "testdata/transform.py", "../../..", name).Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("the translator rejects the template: %s", failed.Stderr)
	}
	require.NoError(t, err)
	var tpl template
	require.NoError(t, json.Unmarshal(output, &tpl))
	return tpl
}

func TestTransformed(t *testing.T) {
	tpl := transformed(t, "template.yaml")
	for function := range functions {
		t.Run(function, func(t *testing.T) { requireDeployedByAlias(t, tpl, function) })
	}
	t.Run("stream", func(t *testing.T) {
		mapping := tpl.properties(t, "TableUpdateFunctionStream", "AWS::Lambda::EventSourceMapping")
		require.Equal(t, "${TableUpdateFunctionAliaslive}", text(mapping["FunctionName"]))
		require.Equal(t, "${TableUpdateDeadLetterQueue.Arn}", text(at(mapping, "DestinationConfig", "OnFailure", "Destination")))
	})
	t.Run("queue", func(t *testing.T) {
		mapping := tpl.properties(t, "OnEventsFunctionUpdates", "AWS::Lambda::EventSourceMapping")
		require.Equal(t, "${OnEventsFunctionAliaslive}", text(mapping["FunctionName"]))
		require.Equal(t, "${FulfilmentQueue.Arn}", text(mapping["EventSourceArn"]))
		require.Equal(t, []string{"ReportBatchItemFailures"}, texts(mapping["FunctionResponseTypes"]))
	})
	t.Run("API", func(t *testing.T) { requireAPIReachesTheAliases(t, tpl) })
	t.Run("roles", func(t *testing.T) {
		require.ElementsMatch(t, []string{"CreateOrderRole", "GetOrderRole", "OnEventsRole", "TableUpdateRole", "CodeDeployRole"},
			tpl.ofType("AWS::IAM::Role"), "SAM adds no role, which would have no permissions boundary")
	})
	t.Run("references", func(t *testing.T) { requireReferencesResolve(t, tpl) })
	t.Run("cycles", func(t *testing.T) { requireNoCycle(t, tpl) })
}

// requireDeployedByAlias requires that CodeDeploy shifts the alias to a new version, and stops on
// alarms that use the metrics of this version.
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

// requireReferencesResolve requires that every Ref and Fn::GetAtt names a resource or parameter.
func requireReferencesResolve(t *testing.T, tpl template) {
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

var substituted = regexp.MustCompile(`\$\{([A-Za-z0-9]+)[}.]`)

// references returns the names that a value refers to, in any way.
func references(value any) []string {
	var all []string
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			all = append(all, references(item)...)
		}
	case map[string]any:
		for name, item := range value {
			switch name {
			case "Ref", "Fn::GetAtt", "Fn::Sub":
				for _, match := range substituted.FindAllStringSubmatch(text(value), -1) {
					all = append(all, match[1])
				}
			case "DependsOn":
				all = append(all, texts(item)...)
			}
			all = append(all, references(item)...)
		}
	}
	return all
}

// requireNoCycle requires that CloudFormation can create the resources in some order: an alias
// after its deployment group, that after its alarms, and the API after the aliases.
func requireNoCycle(t *testing.T, tpl template) {
	t.Helper()
	resources := tpl["Resources"].(map[string]any)
	finished := map[string]bool{}
	var visit func(name string, path []string)
	visit = func(name string, path []string) {
		if resources[name] == nil || finished[name] {
			return
		}
		path = append(path, name)
		require.NotContains(t, path[:len(path)-1], name, strings.Join(path, " references "))
		for _, needed := range references(resources[name]) {
			visit(needed, path)
		}
		finished[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(resources)) {
		visit(name, nil)
	}
}
