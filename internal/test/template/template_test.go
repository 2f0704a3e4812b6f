package template_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// functions maps the logical IDs of the functions to the directories of their commands.
var functions = map[string]string{
	"CreateOrderFunction": "create-order",
	"GetOrderFunction":    "get-order",
	"OnEventsFunction":    "on-events",
	"TableUpdateFunction": "table-update",
}

// A template is template.yaml with all intrinsics in long form, as CloudFormation sees it before
// any transform.
type template map[string]any

func load(t *testing.T) template {
	t.Helper()
	return loadFile(t, "template.yaml")
}

func loadFile(t *testing.T, name string) template {
	t.Helper()
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal(read(t, name), &document))
	return template(longForm(t, document.Content[0]).(map[string]any))
}

// read returns a file of the module.
func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile("../../../" + name)
	require.NoError(t, err)
	return content
}

func longForm(t *testing.T, node *yaml.Node) any {
	t.Helper()
	var value any
	switch node.Kind {
	case yaml.MappingNode:
		members := map[string]any{}
		for i := 0; i < len(node.Content); i += 2 {
			name := node.Content[i].Value
			require.NotContains(t, members, name, "line %d", node.Content[i].Line)
			members[name] = longForm(t, node.Content[i+1])
		}
		value = members
	case yaml.SequenceNode:
		items := []any{}
		for _, item := range node.Content {
			items = append(items, longForm(t, item))
		}
		value = items
	case yaml.ScalarNode:
		if value = node.Value; strings.HasPrefix(node.Tag, "!!") || node.Tag == "" {
			require.NoError(t, node.Decode(&value), "line %d", node.Line)
		}
	default: // not all of SAM's tools resolve anchors
		require.Fail(t, "an anchor or alias", "line %d", node.Line)
	}
	return intrinsic(node.Tag, value)
}

func intrinsic(tag string, value any) any {
	name := strings.TrimPrefix(tag, "!")
	switch {
	case tag == "" || strings.HasPrefix(tag, "!!"):
		return value
	case name == "Ref" || name == "Condition":
		return map[string]any{name: value}
	case name == "GetAtt":
		resource, attribute, _ := strings.Cut(value.(string), ".")
		return map[string]any{"Fn::GetAtt": []any{resource, attribute}}
	}
	return map[string]any{"Fn::" + name: value}
}

// at returns the value at a path in nested maps, or nil.
func at(value any, path ...string) any {
	for _, name := range path {
		members, _ := value.(map[string]any)
		value = members[name]
	}
	return value
}

// text returns a value in the notation of Fn::Sub, so that equal values compare equal whatever
// their intrinsic function.
func text(value any) string {
	if attribute, ok := at(value, "Fn::GetAtt").([]any); ok {
		return fmt.Sprintf("${%v.%v}", attribute...)
	}
	if pair, ok := at(value, "Fn::Sub").([]any); ok { // a text, and values to put into it
		whole := pair[0].(string)
		for name, value := range pair[1].(map[string]any) {
			whole = strings.ReplaceAll(whole, "${"+name+"}", text(value))
		}
		return whole
	}
	for _, name := range []string{"Ref", "Fn::Sub"} {
		if inner, ok := at(value, name).(string); ok && name == "Ref" {
			return "${" + inner + "}"
		} else if ok {
			return inner
		}
	}
	return fmt.Sprint(value)
}

// texts returns the text of each value of a list, or of a single value.
func texts(value any) []string {
	list, ok := value.([]any)
	if !ok {
		return []string{text(value)}
	}
	var all []string
	for _, item := range list {
		all = append(all, text(item))
	}
	return all
}

// properties returns the properties of a resource, which must have this type.
func (tpl template) properties(t *testing.T, name, kind string) map[string]any {
	t.Helper()
	require.Equal(t, kind, at(tpl["Resources"], name, "Type"), name)
	return at(tpl["Resources"], name, "Properties").(map[string]any)
}

// ofType returns the logical IDs of all resources of a type, sorted.
func (tpl template) ofType(kind string) []string {
	var names []string
	for name, resource := range tpl["Resources"].(map[string]any) {
		if at(resource, "Type") == kind {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestTemplateFitsItsReader(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(string(read(t, "template.yaml")), "\n"), "\n")
	require.LessOrEqual(t, len(lines), 1100)
	for i, line := range lines {
		require.LessOrEqual(t, len(line), 140, "line %d", i+1)
	}
}

// ifSet returns the choice between two values by a condition.
func ifSet(condition string, yes, no any) any {
	return map[string]any{"Fn::If": []any{condition, yes, no}}
}

// An account without such rules deploys what it would deploy without these parameters.
func TestParametersForRegulatedAccountsHaveNoEffectByDefault(t *testing.T) {
	tpl := load(t)
	for condition, parameter := range map[string]string{
		"HasKmsKey": "KmsKeyArn", "HasWebAcl": "WebAclArn", "HasBoundary": "PermissionsBoundaryArn",
		"HasCreateOrderConcurrency": "CreateOrderConcurrency",
	} {
		require.Equal(t, "", at(tpl["Parameters"], parameter, "Default"), parameter)
		isEmpty := map[string]any{"Fn::Equals": []any{map[string]any{"Ref": parameter}, ""}}
		require.Equal(t, map[string]any{"Fn::Not": []any{isEmpty}}, at(tpl["Conditions"], condition), parameter)
	}
	none := map[string]any{"Ref": "AWS::NoValue"}
	only := func(condition, parameter string) any { return ifSet(condition, map[string]any{"Ref": parameter}, none) }
	for _, role := range tpl.ofType("AWS::IAM::Role") {
		require.Equal(t, only("HasBoundary", "PermissionsBoundaryArn"), tpl.properties(t, role, "AWS::IAM::Role")["PermissionsBoundary"], role)
	}
	for _, queue := range tpl.ofType("AWS::SQS::Queue") {
		require.Equal(t, only("HasKmsKey", "KmsKeyArn"), tpl.properties(t, queue, "AWS::SQS::Queue")["KmsMasterKeyId"], queue)
	}
	encryption := tpl.properties(t, "Table", "AWS::DynamoDB::Table")["SSESpecification"]
	require.Equal(t, "${KmsKeyArn}", text(at(branches(encryption)[0], "KMSMasterKeyId")))
	require.Equal(t, none, branches(encryption)[1])
	function := tpl.properties(t, "CreateOrderFunction", "AWS::Serverless::Function")
	require.Equal(t, only("HasCreateOrderConcurrency", "CreateOrderConcurrency"), function["ReservedConcurrentExecutions"])
	require.Equal(t, "HasWebAcl", at(tpl["Resources"], "WebAclAssociation", "Condition"))
}

func TestFunctions(t *testing.T) {
	tpl := load(t)
	require.Equal(t, slices.Sorted(maps.Keys(functions)), tpl.ofType("AWS::Serverless::Function"))
	shared := at(tpl["Globals"], "Function")
	require.Equal(t, "provided.al2023", at(shared, "Runtime"))
	require.Equal(t, []string{"arm64"}, texts(at(shared, "Architectures")))
	require.Equal(t, "Active", at(shared, "Tracing"))
	require.Equal(t, "live", at(shared, "AutoPublishAlias"))
	require.Equal(t, "JSON", at(shared, "LoggingConfig", "LogFormat"))
	require.Equal(t, "DEBUG", at(shared, "LoggingConfig", "ApplicationLogLevel"), "a filter above INFO drops metrics")
	for name, command := range functions {
		role := strings.TrimSuffix(name, "Function")
		function := tpl.properties(t, name, "AWS::Serverless::Function")
		require.Equal(t, "makefile", at(tpl["Resources"], name, "Metadata", "BuildMethod"), name)
		require.Equal(t, "${"+role+"Role.Arn}", text(function["Role"]))
		require.Equal(t, "${"+role+"LogGroup}", text(at(function, "LoggingConfig", "LogGroup")))
		logs := tpl.properties(t, role+"LogGroup", "AWS::Logs::LogGroup")
		require.Equal(t, "/ecommerce/${Environment}/orders/"+command, text(logs["LogGroupName"]))
		require.NotNil(t, logs["RetentionInDays"])
	}
}

func TestTable(t *testing.T) {
	tpl := load(t)
	table := tpl.properties(t, "Table", "AWS::DynamoDB::Table")
	for _, policy := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
		require.Equal(t, "Retain", at(tpl["Resources"], "Table", policy))
	}
	require.Equal(t, "PAY_PER_REQUEST", table["BillingMode"])
	require.Equal(t, "NEW_AND_OLD_IMAGES", at(table, "StreamSpecification", "StreamViewType"))
	require.Equal(t, true, at(table, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"))
	require.Equal(t, map[string]any{"Fn::If": []any{"IsProd", true, false}}, table["DeletionProtectionEnabled"])
	key := func(name, kind string) any { return map[string]any{"AttributeName": name, "KeyType": kind} }
	require.Equal(t, []any{key("orderId", "HASH")}, table["KeySchema"])
	require.Equal(t, []any{map[string]any{
		"IndexName":  "user",
		"KeySchema":  []any{key("userId", "HASH"), key("createdDate", "RANGE")},
		"Projection": map[string]any{"ProjectionType": "ALL"},
	}}, table["GlobalSecondaryIndexes"])
	require.Len(t, table["AttributeDefinitions"], 3)
	require.NotContains(t, table, "TableName", "with a generated name, a second stack or a restored table can exist beside it")
}
