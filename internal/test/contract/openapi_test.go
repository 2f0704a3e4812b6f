package contract_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

// operations are the routes of the contract, each with its authorizer, its function and its
// statuses.
var operations = []struct {
	route, id, security, function string
	statuses                      []string
}{
	{"POST /orders", "createOrder", "UserPool", "CreateOrderFunction", []string{"200", "201", "400", "401", "409", "413", "422", "429", "500", "502", "503", "504"}},
	{"GET /orders", "listOrders", "UserPool", "GetOrderFunction", []string{"200", "400", "401", "429", "500", "502", "503", "504"}},
	{"GET /orders/{orderId}", "getOrder", "UserPool", "GetOrderFunction", []string{"200", "304", "400", "401", "404", "429", "500", "502", "503", "504"}},
	{"GET /backend/{orderId}", "getOrderBackend", "IAM", "GetOrderFunction", []string{"200", "304", "400", "401", "403", "404", "429", "500", "502", "503", "504"}},
	{"OPTIONS /orders", "preflightOrders", "", "", []string{"204"}},
	{"OPTIONS /orders/{orderId}", "preflightOrder", "", "", []string{"204"}},
}

var corsHeaders = []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods", "Access-Control-Expose-Headers"}

// eachOperation calls f with every operation of the document, by its route.
func eachOperation(doc *openapi3.T, f func(route string, operation *openapi3.Operation)) {
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			f(method+" "+path, operation)
		}
	}
}

func TestOperationsAreThoseOfTheContract(t *testing.T) {
	found := map[string]*openapi3.Operation{}
	eachOperation(load(t, openAPIFile), func(route string, operation *openapi3.Operation) { found[route] = operation })
	require.Len(t, found, len(operations))
	for _, want := range operations {
		operation := found[want.route]
		require.NotNil(t, operation, want.route)
		require.Equal(t, want.id, operation.OperationID)
		require.Equal(t, want.statuses, operation.Responses.Keys(), want.route)
		require.NotNil(t, operation.Security, want.route)
		if want.security == "" {
			require.Empty(t, *operation.Security, want.route)
			continue
		}
		require.Equal(t, openapi3.SecurityRequirements{{want.security: []string{}}}, *operation.Security, want.route)
	}
}

func TestOperationsReachTheAliasOfTheirFunction(t *testing.T) {
	found := map[string]any{}
	eachOperation(load(t, openAPIFile), func(route string, operation *openapi3.Operation) {
		found[route] = operation.Extensions["x-amazon-apigateway-integration"]
	})
	for _, want := range operations {
		integration, _ := found[want.route].(map[string]any)
		if want.function == "" {
			require.Equal(t, "mock", integration["type"], want.route)
			continue
		}
		require.Equal(t, "aws_proxy", integration["type"], want.route)
		require.Equal(t, "POST", integration["httpMethod"], want.route) // Lambda is always invoked by POST
		require.Equal(t, map[string]any{
			"Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${" + want.function + ".Alias}/invocations",
		}, integration["uri"], want.route)
		require.Greater(t, integration["timeoutInMillis"], 50.0, want.route)
		require.LessOrEqual(t, integration["timeoutInMillis"], 29000.0, want.route) // the limit of API Gateway
	}
}

func TestEveryResponseHasCORSHeaders(t *testing.T) {
	eachOperation(load(t, openAPIFile), func(route string, operation *openapi3.Operation) {
		for status, response := range operation.Responses.Map() {
			for _, name := range corsHeaders {
				header := response.Value.Headers[name]
				require.NotNil(t, header, "%s %s %s", route, status, name)
				require.True(t, header.Value.Required, "%s %s %s", route, status, name)
			}
		}
	})
}

func TestSomeResponsesHaveMoreHeaders(t *testing.T) {
	eachOperation(load(t, openAPIFile), func(route string, operation *openapi3.Operation) {
		for status, response := range operation.Responses.Map() {
			var more []string
			for name, header := range response.Value.Headers {
				require.True(t, header.Value.Required, "%s %s %s", route, status, name)
				if !slices.Contains(corsHeaders, name) {
					more = append(more, name)
				}
			}
			switch {
			case status == "201":
				require.Equal(t, []string{"Location"}, more)
			case status == "200" && operation.OperationID == "createOrder":
				require.Equal(t, []string{"Idempotent-Replayed"}, more)
			case status == "304", status == "200" && strings.HasPrefix(operation.OperationID, "getOrder"):
				require.ElementsMatch(t, []string{"ETag", "Cache-Control"}, more, route)
			case status == "503", status == "429":
				require.Equal(t, []string{"Retry-After"}, more, route)
			default:
				require.Empty(t, more, "%s %s", route, status)
			}
		}
	})
}

func TestEveryBodyHasASchemaAndAnExample(t *testing.T) {
	eachOperation(load(t, openAPIFile), func(route string, operation *openapi3.Operation) {
		contents := map[string]openapi3.Content{}
		if operation.RequestBody != nil {
			contents["request"] = operation.RequestBody.Value.Content
		}
		for status, response := range operation.Responses.Map() {
			if status == "204" || status == "304" {
				require.Empty(t, response.Value.Content)
			} else {
				contents[status] = response.Value.Content
			}
		}
		for what, content := range contents {
			require.Len(t, content, 1, "%s %s", route, what)
			media := content["application/json"]
			require.NotNil(t, media, "%s %s", route, what)
			require.True(t, strings.HasPrefix(media.Schema.Ref, "#/components/schemas/"), "%s %s", route, what)
			require.NoError(t, media.Schema.Value.VisitJSON(media.Example), "%s %s", route, what)
		}
	})
}

func TestTotalsOfExamplesAreCorrect(t *testing.T) {
	type example struct {
		Products []struct {
			Price, Quantity int64
		}
		DeliveryPrice, Total int64
	}
	eachOperation(load(t, openAPIFile), func(route string, operation *openapi3.Operation) {
		examples := map[string]any{}
		if operation.RequestBody != nil {
			examples["request"] = operation.RequestBody.Value.Content["application/json"].Example
		}
		for _, status := range []string{"200", "201"} {
			if response := operation.Responses.Value(status); response != nil && operation.OperationID != "listOrders" {
				examples[status] = response.Value.Content["application/json"].Example
			}
		}
		for what, value := range examples {
			data, err := json.Marshal(value)
			require.NoError(t, err)
			var order example
			require.NoError(t, json.Unmarshal(data, &order))
			sum := order.DeliveryPrice
			for _, product := range order.Products {
				sum += product.Price * product.Quantity
			}
			require.Equal(t, sum, order.Total, "%s %s", route, what)
		}
	})
}

func TestListParametersAreThoseOfTheContract(t *testing.T) {
	parameters := load(t, openAPIFile).Paths.Value("/orders").Get.Parameters
	require.Len(t, parameters, 3)
	status := parameters.GetByInAndName("query", "status").Schema.Value
	require.Len(t, status.Enum, len(order.Statuses()))
	for _, known := range order.Statuses() {
		require.NoError(t, status.VisitJSON(string(known)))
	}
	limit := parameters.GetByInAndName("query", "limit").Schema.Value
	require.EqualValues(t, 20, limit.Default)
	for text, valid := range map[string]bool{"0": false, "1": true, "100": true, "101": false, "-1": false, "2.5": false} {
		require.Equal(t, valid, limit.VisitJSON(json.Number(text)) == nil, text)
	}
	require.False(t, parameters.GetByInAndName("query", "nextToken").Required)
}

// Only extensions may contain intrinsics, and only such that the template can resolve.
func TestOnlyKnownNamesAreSubstituted(t *testing.T) {
	known := []string{"AWS::Partition", "AWS::Region", "CreateOrderFunction.Alias", "GetOrderFunction.Alias"}
	placeholder := regexp.MustCompile(`\$\{([^}]*)\}`)
	for _, node := range nodes(t, openAPIFile) {
		for _, match := range placeholder.FindAllStringSubmatch(node.Value, -1) {
			require.Contains(t, known, match[1], "line %d", node.Line)
		}
		require.False(t, strings.HasPrefix(node.Value, "Fn::") && node.Value != "Fn::Sub", "line %d: %s", node.Line, node.Value)
	}
}
