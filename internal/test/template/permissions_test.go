package template_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
	"orders/internal/test/testworld"
)

func TestRolesAllowExactlyTheCallsMade(t *testing.T) {
	tpl := load(t)
	require.Len(t, tpl.ofType("AWS::IAM::Role"), len(functions)+1, "and CodeDeploy's")
	for function, command := range functions {
		name := strings.TrimSuffix(function, "Function")
		wanted := []string{
			"logs:CreateLogStream ${" + name + "LogGroup.Arn}", "logs:PutLogEvents ${" + name + "LogGroup.Arn}",
			"xray:PutTelemetryRecords *", "xray:PutTraceSegments *",
		}
		for _, call := range slices.Concat(testworld.Calls()[command], testworld.CallsByLambda()[command]) {
			wanted = append(wanted, call.Action+" "+strings.TrimSpace(call.If+" "+call.On))
		}
		var allowed []string
		for _, statement := range statementsOf(t, tpl, name+"Role") {
			require.Equal(t, "Allow", at(statement, "Effect"))
			for _, action := range texts(at(statement, "Action")) {
				for _, resource := range resources(at(statement, "Resource")) {
					allowed = append(allowed, action+" "+resource)
				}
			}
		}
		require.ElementsMatch(t, wanted, allowed, name)
	}
}

func statementsOf(t *testing.T, tpl template, role string) []any {
	t.Helper()
	properties := tpl.properties(t, role, "AWS::IAM::Role")
	require.NotContains(t, properties, "ManagedPolicyArns", role)
	trust := at(properties, "AssumeRolePolicyDocument", "Statement").([]any)
	require.Len(t, trust, 1)
	require.Equal(t, "lambda.amazonaws.com", at(trust[0], "Principal", "Service"))
	policies := properties["Policies"].([]any)
	require.Len(t, policies, 1)
	return at(policies[0], "PolicyDocument", "Statement").([]any)
}

// resources returns the resources of a statement, a conditional one after the name of its
// condition.
func resources(value any) []string {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	var all []string
	for _, item := range list {
		if choice, ok := at(item, "Fn::If").([]any); ok && text(choice[2]) == "${AWS::NoValue}" {
			all = append(all, text(choice[0])+" "+text(choice[1]))
			continue
		}
		all = append(all, text(item))
	}
	return all
}

// A test in internal/test/privacy requires that each function makes the calls listed for it. This
// one requires that the adapters contain no other calls, on paths that no test takes.
func TestAdaptersMakeTheListedCalls(t *testing.T) {
	listed := map[string]bool{}
	for _, list := range testworld.Calls() {
		for _, call := range list {
			if _, path, isPeer := strings.Cut(call.On, "/POST"); isPeer {
				listed["POST "+path] = true
			} else {
				listed[call.Action] = true
			}
		}
	}
	found := map[string]bool{}
	for _, adapter := range []string{"dynamo", "eventbus"} {
		service := map[string]string{"dynamo": "dynamodb", "eventbus": "events"}[adapter]
		for _, operation := range clientCalls(t, adapter) {
			found[service+":"+operation] = true
		}
	}
	for _, operation := range queueCalls(t) {
		found["sqs:"+operation] = true
	}
	for _, path := range peerPaths(t) {
		found["POST "+path] = true
	}
	require.Equal(t, listed, found)
}

// clientCalls returns the operations that a package calls on an SDK client, which is always in a
// field Client.
func clientCalls(t *testing.T, name string) []string {
	t.Helper()
	var operations []string
	inspect(t, name, func(node ast.Node) {
		call, _ := node.(*ast.CallExpr)
		if call == nil {
			return
		}
		operation, _ := call.Fun.(*ast.SelectorExpr)
		if operation == nil {
			return
		}
		client, ok := operation.X.(*ast.SelectorExpr)
		if ok && client.Sel.Name == "Client" && operation.Sel.Name != "Options" { // which makes no call
			operations = append(operations, operation.Sel.Name)
		}
	})
	return operations
}

// queueCalls returns the operations that package deadletter calls.
func queueCalls(t *testing.T) []string {
	t.Helper()
	var operations []string
	inspect(t, "deadletter", func(node ast.Node) {
		if constant, ok := node.(*ast.BasicLit); ok && strings.HasPrefix(constant.Value, `"AmazonSQS.`) {
			operations = append(operations, strings.TrimPrefix(literal(t, constant), "AmazonSQS."))
		}
	})
	return operations
}

// peerPaths returns the paths that package peer sends requests to.
func peerPaths(t *testing.T) []string {
	t.Helper()
	var paths []string
	inspect(t, "peer", func(node ast.Node) {
		if constant, ok := node.(*ast.BasicLit); ok && strings.HasPrefix(constant.Value, `"/backend/`) {
			paths = append(paths, literal(t, constant))
		}
	})
	return paths
}

// inspect visits all nodes of a package in internal, without its tests.
func inspect(t *testing.T, name string, visit func(ast.Node)) {
	t.Helper()
	files, err := filepath.Glob("../../" + name + "/*.go")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		parsed, err := parser.ParseFile(token.NewFileSet(), file, content, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(parsed, func(node ast.Node) bool {
			visit(node)
			return true
		})
	}
}

// conditionOf returns the condition under which a role allows an action, nil if there is none.
func conditionOf(t *testing.T, role, action string) any {
	t.Helper()
	statements := statementsOf(t, load(t), role)
	i := slices.IndexFunc(statements, func(s any) bool { return slices.Contains(texts(at(s, "Action")), action) })
	require.NotEqual(t, -1, i)
	return at(statements[i], "Condition")
}

func TestOnEventsReadsOnlyWhatUpdatesNeed(t *testing.T) {
	var attributes []any
	for _, name := range order.ProgressAttributes() {
		attributes = append(attributes, name)
	}
	named := map[string]any{"dynamodb:Attributes": attributes}
	some := map[string]any{"dynamodb:Attributes": "false"}
	require.Equal(t, map[string]any{
		"ForAllValues:StringEquals": named, "Null": some,
		"StringEqualsIfExists": map[string]any{"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
	}, conditionOf(t, "OnEventsRole", "dynamodb:GetItem"))
	require.Equal(t, map[string]any{
		"ForAllValues:StringEquals": named, "Null": some,
		"StringEqualsIfExists": map[string]any{"dynamodb:ReturnValues": "NONE"},
	}, conditionOf(t, "OnEventsRole", "dynamodb:UpdateItem"))
}

func TestTableUpdatePublishesForOrdersOnly(t *testing.T) {
	require.Equal(t, map[string]any{"StringEquals": map[string]any{"events:source": "ecommerce.orders"}},
		conditionOf(t, "TableUpdateRole", "events:PutEvents"))
	require.Contains(t, constantsOf(t, "eventbus"), "ecommerce.orders")
	require.Equal(t, []string{"OrderCreated", "OrderModified", "OrderDeleted"},
		[]string{string(order.OrderCreated), string(order.OrderModified), string(order.OrderDeleted)})
}

// constantsOf returns all string literals of a package.
func constantsOf(t *testing.T, name string) []string {
	t.Helper()
	var all []string
	inspect(t, name, func(node ast.Node) {
		if constant, ok := node.(*ast.BasicLit); ok && constant.Kind == token.STRING {
			all = append(all, literal(t, constant))
		}
	})
	return all
}
