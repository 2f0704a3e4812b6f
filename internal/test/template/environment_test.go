package template_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// variables is what the functions are given, and whence.
var variables = map[string]string{
	"ENVIRONMENT":      "${Environment}",
	"TABLE_NAME":       "${Table}",
	"EVENT_BUS_NAME":   "${EventBusName}",
	"DELIVERY_API_URL": "${DeliveryPricingApiUrl}",
	"PAYMENT_API_URL":  "${PaymentApiUrl}",
	"PRODUCTS_API_URL": "${ProductsApiUrl}",
	"USERS_API_URL":    "${UsersApiUrl}",
	"LOG_LEVEL":        "${LogLevel}",
}

func TestFunctionsAreGivenWhatTheirCommandsRead(t *testing.T) {
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

// variablesReadBy is the names of the environment variables that a command's main reads, but for those that Lambda
// itself sets (env.AWS, telemetry.NewTracer), and the endpoints that only a local run sets.
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
			require.Contains(t, []string{"AWS", "Endpoint", "Err"}, function.Sel.Name, "a way to read variables that this test does not know")
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
