package template_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// peerParameters maps template parameters to SSM parameter names under /ecommerce/{Environment}/.
var peerParameters = map[string]string{
	"ProductsApiUrl":        "products/api/url",
	"ProductsApiArn":        "products/api/arn",
	"DeliveryPricingApiUrl": "delivery-pricing/api/url",
	"DeliveryPricingApiArn": "delivery-pricing/api/arn",
	"PaymentApiUrl":         "payment/api/url",
	"PaymentApiArn":         "payment/api/arn",
	"UserPoolArn":           "users/user-pool/arn",
	"EventBusName":          "platform/event-bus/name",
	"EventBusArn":           "platform/event-bus/arn",
}

// configurations returns the settings of samconfig.toml by environment and name. It parses only the
// TOML that this file uses: values in quotes, in triple quotes over lines that end with a
// backslash, or bare.
func configurations(t *testing.T) map[string]map[string]string {
	t.Helper()
	content := string(read(t, "samconfig.toml"))
	all := map[string]map[string]string{}
	headings := regexp.MustCompile(`(?m)^\[(.*)\.deploy\.parameters\]$`)
	places := headings.FindAllStringSubmatchIndex(content, -1)
	for i, place := range places {
		end := len(content)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		settings := map[string]string{}
		for _, setting := range regexp.MustCompile(`(?m)^(\w+) = (?:"""((?s:.*?))"""|"(.*)"|(\w+))$`).FindAllStringSubmatch(content[place[1]:end], -1) {
			folded := strings.Join(strings.Fields(strings.ReplaceAll(setting[2], "\\\n", " ")), " ")
			settings[setting[1]] = folded + setting[3] + setting[4]
		}
		all[content[place[2]:place[3]]] = settings
	}
	return all
}

func TestEveryEnvironmentUsesItsOwnPeers(t *testing.T) {
	parameters := load(t)["Parameters"].(map[string]any)
	all := configurations(t)
	require.Len(t, all, 5)
	require.Equal(t, all["dev"], all["default"], "sam deploy without --config-env deploys dev")
	for _, environment := range []string{"dev", "sandbox", "staging", "prod"} {
		settings := all[environment]
		require.Equal(t, "ecommerce-"+environment+"-orders", settings["stack_name"])
		require.Contains(t, settings["capabilities"], "CAPABILITY_IAM")
		given := map[string]string{}
		for _, pair := range strings.Fields(settings["parameter_overrides"]) {
			name, value, _ := strings.Cut(pair, "=")
			require.Contains(t, parameters, name)
			given[name] = value
		}
		require.Equal(t, environment, given["Environment"])
		for name, path := range peerParameters {
			require.Equal(t, "/ecommerce/"+environment+"/"+path, given[name])
		}
		for name, parameter := range parameters {
			if at(parameter, "Default") == nil {
				require.Contains(t, given, name, environment)
			}
		}
	}
}

// SAM's own copy of the source has no .git, which the Makefile takes the commit from.
func TestBuildsNameTheirCommit(t *testing.T) {
	require.Contains(t, string(read(t, "samconfig.toml")), "\n[default.build.parameters]\nbuild_in_source = true\n")
	require.Contains(t, string(read(t, "Makefile")), "\nSTAMP := -X orders/internal/buildinfo.commit=")
}

func TestPeersAreReadFromSSM(t *testing.T) {
	for name, parameter := range load(t)["Parameters"].(map[string]any) {
		_, isPeer := peerParameters[name]
		require.Equal(t, isPeer, at(parameter, "Type") == "AWS::SSM::Parameter::Value<String>", name)
		require.NotEmpty(t, at(parameter, "Description"), name)
		if isPeer {
			require.Contains(t, at(parameter, "Description"), "/ecommerce/{Environment}/"+peerParameters[name]+".")
			require.Nil(t, at(parameter, "Default"), name)
		}
	}
}

// A test in internal/test/e2e requires that the flags are those of the tested binaries.
func TestMakefileBuildsEveryFunction(t *testing.T) {
	makefile := string(read(t, "Makefile"))
	for name, command := range functions {
		require.Contains(t, makefile, "\nbuild-"+name+":\n\t$(call build-function,"+command+")\n")
		require.Contains(t, makefile, "build-"+name+" ARTIFACTS_DIR=$(BUILD)/"+command+"\n")
	}
	require.Contains(t, makefile, `CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build $(FUNCTION_FLAGS) -o "$(ARTIFACTS_DIR)/bootstrap"`)
}

// variables maps the environment variables of the functions to their values.
var variables = map[string]string{
	"ENVIRONMENT":           "${Environment}",
	"TABLE_NAME":            "${Table}",
	"EVENT_BUS_NAME":        "${EventBusName}",
	"DEAD_LETTER_QUEUE_URL": "${TableUpdateDeadLetterQueue}",
	"DELIVERY_API_URL":      "${DeliveryPricingApiUrl}",
	"PAYMENT_API_URL":       "${PaymentApiUrl}",
	"PRODUCTS_API_URL":      "${ProductsApiUrl}",
	"USERS_API_URL":         "${UsersApiUrl}",
	"LOG_LEVEL":             "${LogLevel}",
}

func TestFunctionsHaveTheVariablesThatTheyRead(t *testing.T) {
	tpl := load(t)
	shared := at(tpl["Globals"], "Function", "Environment", "Variables").(map[string]any)
	for name, command := range functions {
		given := maps.Clone(shared)
		own, _ := at(tpl.properties(t, name, "AWS::Serverless::Function"), "Environment", "Variables").(map[string]any)
		maps.Copy(given, own)
		require.Equal(t, variablesReadBy(t, command), slices.Sorted(maps.Keys(given)), command)
		for variable, value := range given {
			require.Equal(t, variables[variable], text(value), "%s of %s", variable, command)
		}
	}
}

// variablesReadBy returns the environment variables that a command's main reads, except those that
// Lambda sets (env.AWS, telemetry.NewTracer) and the endpoints that only a local run sets.
func variablesReadBy(t *testing.T, command string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "main.go", read(t, "cmd/"+command+"/main.go"), parser.SkipObjectResolution)
	require.NoError(t, err)
	var names []string
	ast.Inspect(file, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			return true
		}
		function, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		switch owner, _ := function.X.(*ast.Ident); {
		case owner == nil:
		case owner.Name == "env" && slices.Contains([]string{"Text", "URL", "OptionalURL"}, function.Sel.Name):
			names = append(names, literal(t, call.Args[0]))
		case owner.Name == "env":
			require.Contains(t, []string{"AWS", "Endpoint", "Err"}, function.Sel.Name, "this test does not know this way to read a variable")
		case owner.Name == "environment" && function.Sel.Name == "Parse":
			names = append(names, literal(t, call.Args[1]))
		case owner.Name == "os":
			require.NotContains(t, []string{"Getenv", "LookupEnv", "Environ"}, function.Sel.Name, "variables are read in one place")
		}
		return true
	})
	slices.Sort(names)
	return names
}

func literal(t *testing.T, expression ast.Expr) string {
	t.Helper()
	constant, ok := expression.(*ast.BasicLit)
	require.True(t, ok, "the name of a variable must be a literal")
	value, err := strconv.Unquote(constant.Value)
	require.NoError(t, err)
	return value
}
