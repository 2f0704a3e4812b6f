package template_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"orders/internal/handler"
	"orders/internal/ops"
)

// An integration is a route of resources/openapi.yaml and its function.
type integration struct {
	route, function string
	timeout         time.Duration
}

func integrations(t *testing.T) []integration {
	t.Helper()
	var document struct {
		Paths map[string]map[string]struct {
			Integration struct {
				Type            string
				URI             map[string]string `yaml:"uri"`
				TimeoutInMillis int               `yaml:"timeoutInMillis"`
			} `yaml:"x-amazon-apigateway-integration"`
		}
	}
	require.NoError(t, yaml.Unmarshal(read(t, "resources/openapi.yaml"), &document))
	var all []integration
	for path, operations := range document.Paths {
		for method, operation := range operations {
			if operation.Integration.Type != "aws_proxy" {
				continue
			}
			uri := operation.Integration.URI["Fn::Sub"]
			_, rest, _ := strings.Cut(uri, "/functions/${")
			function, found := strings.CutSuffix(rest, ".Alias}/invocations")
			require.True(t, found, uri)
			all = append(all, integration{strings.ToUpper(method) + " " + path, function, time.Duration(operation.Integration.TimeoutInMillis) * time.Millisecond})
		}
	}
	require.Len(t, all, 4)
	return all
}

// initTimeout is how long Lambda lets a function initialize. An integration waits for that as well,
// so that a cold start during an outage still returns the function's own 503.
const initTimeout = 10 * time.Second

func TestTimeoutsAreTheHandlers(t *testing.T) {
	tpl := load(t)
	for function, want := range map[string]time.Duration{
		"CreateOrderFunction": handler.CreateOrderTimeout, "GetOrderFunction": handler.GetOrderTimeout,
		"OnEventsFunction": handler.OnEventsTimeout, "TableUpdateFunction": handler.TableUpdateTimeout,
	} {
		seconds := tpl.properties(t, function, "AWS::Serverless::Function")["Timeout"].(int)
		require.Equal(t, want, time.Duration(seconds)*time.Second, function)
	}
}

func TestRoutesMayInvokeTheAliases(t *testing.T) {
	tpl := load(t)
	var wanted, found []string
	for _, i := range integrations(t) {
		seconds := tpl.properties(t, i.function, "AWS::Serverless::Function")["Timeout"].(int)
		require.Equal(t, i.timeout, time.Duration(seconds)*time.Second+initTimeout, i.route)
		route := strings.Replace(strings.Replace(i.route, " ", "", 1), "{orderId}", "*", 1)
		wanted = append(wanted, "${"+i.function+".Alias} "+route)
	}
	for _, name := range tpl.ofType("AWS::Lambda::Permission") {
		permission := tpl.properties(t, name, "AWS::Lambda::Permission")
		require.Equal(t, "lambda:InvokeFunction", permission["Action"])
		require.Equal(t, "apigateway.amazonaws.com", permission["Principal"])
		route, ok := strings.CutPrefix(text(permission["SourceArn"]), apiARN+"/")
		require.True(t, ok, name)
		found = append(found, text(permission["FunctionName"])+" "+route)
	}
	require.ElementsMatch(t, wanted, found)
}

const (
	apiARN = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/live"
	apiURL = "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live"
)

func TestAPI(t *testing.T) {
	tpl := load(t)
	api := tpl.properties(t, "Api", "AWS::Serverless::Api")
	require.Equal(t, "live", api["StageName"])
	include := at(api, "DefinitionBody", "Fn::Transform")
	require.Equal(t, "AWS::Include", at(include, "Name"))
	require.Equal(t, "resources/openapi.yaml", at(include, "Parameters", "Location"))
	require.Contains(t, tpl["Parameters"], "UserPoolArn", "the definition's authorizer refers to it")
	require.Equal(t, true, api["AlwaysDeploy"], "with a Ref, SAM does not see a changed user pool")
	require.Equal(t, true, api["TracingEnabled"])
	require.Equal(t, []any{map[string]any{
		"ResourcePath": "/*", "HttpMethod": "*", "DataTraceEnabled": false, "LoggingLevel": "OFF",
		"ThrottlingRateLimit": map[string]any{"Ref": "RateLimit"}, "ThrottlingBurstLimit": map[string]any{"Ref": "BurstLimit"},
	}}, api["MethodSettings"])
	format := text(at(api["AccessLogSetting"].(map[string]any)["Fn::If"].([]any)[1], "Format"))
	for _, personal := range []string{"identity", "authorizer", "$context.path", "requestOverride", "user"} {
		require.NotContains(t, format, personal)
	}
	require.Contains(t, format, "$context.resourcePath")
}

func TestParametersForThePeers(t *testing.T) {
	tpl := load(t)
	wanted := map[string]string{
		"api/url":          apiURL,
		"api/arn":          apiARN,
		"create-order/arn": "${CreateOrderFunction.Alias}",
		"table/name":       "${Table}",
		"ops":              "", // see TestOperatorsFindEverything
	}
	found := map[string]string{}
	for _, name := range tpl.ofType("AWS::SSM::Parameter") {
		parameter := tpl.properties(t, name, "AWS::SSM::Parameter")
		path, ok := strings.CutPrefix(text(parameter["Name"]), "/ecommerce/${Environment}/orders/")
		require.True(t, ok, name)
		require.Equal(t, "String", parameter["Type"])
		found[path] = text(parameter["Value"])
	}
	found["ops"] = ""
	require.Equal(t, wanted, found)
}

func TestOperatorsFindEverything(t *testing.T) {
	tpl := load(t)
	var stack ops.Stack
	decoder := json.NewDecoder(strings.NewReader(text(tpl.properties(t, "OpsParameter", "AWS::SSM::Parameter")["Value"])))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&stack))
	require.Len(t, stack.Functions, len(functions))
	for name, command := range functions {
		logs := "${" + strings.TrimSuffix(name, "Function") + "LogGroup}"
		require.Equal(t, ops.Function{Name: "${" + name + "}", Alias: "live", LogGroup: logs}, stack.Functions[command])
	}
	stack.Functions = nil
	require.Equal(t, ops.Stack{
		Queues: ops.Queues{
			Updates: "${FulfilmentQueue}", UpdateDeadLetters: "${FulfilmentDeadLetterQueue}",
			RecordDeadLetters: "${TableUpdateDeadLetterQueue}",
		},
		Table: "${Table}", Stream: "${Table.StreamArn}", EventBus: "${EventBusName}", Alarms: "${AWS::StackName}-",
	}, stack)
}
