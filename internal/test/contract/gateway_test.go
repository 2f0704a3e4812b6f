package contract_test

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// asMap returns a value that must be a JSON object.
func asMap(t *testing.T, value any) map[string]any {
	t.Helper()
	result, ok := value.(map[string]any)
	require.True(t, ok, "%T", value)
	return result
}

func TestSecuritySchemesAreCognitoAndIAM(t *testing.T) {
	schemes := load(t, openAPIFile).Components.SecuritySchemes
	require.Len(t, schemes, 2)
	for _, scheme := range schemes { // API Gateway supports no others
		require.Equal(t, "apiKey", scheme.Value.Type)
		require.Equal(t, "header", scheme.Value.In)
		require.Equal(t, "Authorization", scheme.Value.Name)
	}
	require.Equal(t, "awsSigv4", schemes["IAM"].Value.Extensions["x-amazon-apigateway-authtype"])
	require.Equal(t, "cognito_user_pools", schemes["UserPool"].Value.Extensions["x-amazon-apigateway-authtype"])
	require.Equal(t, map[string]any{
		"type":         "cognito_user_pools",
		"providerARNs": []any{map[string]any{"Ref": "UserPoolArn"}},
	}, schemes["UserPool"].Value.Extensions["x-amazon-apigateway-authorizer"])
}

// The function reports every fault of a body, so API Gateway must not validate it.
func TestTheGatewayValidatesOnlyParameters(t *testing.T) {
	doc := load(t, openAPIFile)
	name, _ := doc.Extensions["x-amazon-apigateway-request-validator"].(string)
	validators := asMap(t, doc.Extensions["x-amazon-apigateway-request-validators"])
	require.Equal(t, map[string]any{
		name: map[string]any{"validateRequestBody": false, "validateRequestParameters": true},
	}, validators)
	eachOperation(doc, func(route string, operation *openapi3.Operation) {
		require.NotContains(t, operation.Extensions, "x-amazon-apigateway-request-validator", route)
	})
}

func TestGatewayResponsesHaveTheShapeOfTheContract(t *testing.T) {
	doc := load(t, openAPIFile)
	responses := asMap(t, doc.Extensions["x-amazon-apigateway-gateway-responses"])
	const gatewayMessage = "the message of API Gateway"
	want := map[string]struct{ status, message, schema string }{ // no status: that of the error
		"UNAUTHORIZED":           {"401", "Unauthorized", "Error"},
		"ACCESS_DENIED":          {"403", gatewayMessage, "Error"},
		"BAD_REQUEST_PARAMETERS": {"400", "Invalid parameters", "DetailedError"},
		"REQUEST_TOO_LARGE":      {"413", "Request too large", "Error"},
		"THROTTLED":              {"429", "Too many requests", "Error"},
		"DEFAULT_4XX":            {"", gatewayMessage, "Error"},
		"DEFAULT_5XX":            {"", gatewayMessage, "Error"},
	}
	require.Len(t, responses, len(want))
	for name, want := range want {
		response := asMap(t, responses[name])
		status, _ := response["statusCode"].(string)
		require.Equal(t, want.status, status, name)
		requireGatewayCORS(t, asMap(t, response["responseParameters"]), "gatewayresponse.header.")
		template, _ := asMap(t, response["responseTemplates"])["application/json"].(string)
		body := decode(t, strings.ReplaceAll(template, "$context.error.messageString", `"`+gatewayMessage+`"`))
		require.NoError(t, doc.Components.Schemas[want.schema].Value.VisitJSON(body), name)
		require.Equal(t, want.message, asMap(t, body)["message"], name)
	}
	require.Contains(t, asMap(t, responses["THROTTLED"])["responseParameters"], "gatewayresponse.header.Retry-After")
}

func TestPreflightNeedsNoFunction(t *testing.T) {
	for _, path := range []string{"/orders", "/orders/{orderId}"} {
		operation := load(t, openAPIFile).Paths.Value(path).Options
		integration := asMap(t, operation.Extensions["x-amazon-apigateway-integration"])
		require.Equal(t, map[string]any{"application/json": `{"statusCode": 204}`}, integration["requestTemplates"])
		response := asMap(t, asMap(t, integration["responses"])["default"])
		require.Equal(t, "204", response["statusCode"])
		requireGatewayCORS(t, asMap(t, response["responseParameters"]), "method.response.header.")
	}
}

// requireGatewayCORS requires the CORS headers among the parameters, as constants in the quotes of
// API Gateway.
func requireGatewayCORS(t *testing.T, parameters map[string]any, prefix string) {
	t.Helper()
	require.Equal(t, "'*'", parameters[prefix+"Access-Control-Allow-Origin"])
	require.Equal(t, "'Authorization,Content-Type,If-None-Match,X-Amz-Date,X-Amz-Security-Token,X-Api-Key'", parameters[prefix+"Access-Control-Allow-Headers"])
	require.Equal(t, "'GET,OPTIONS,POST'", parameters[prefix+"Access-Control-Allow-Methods"])
	require.Equal(t, "'ETag, Idempotent-Replayed, Location, Retry-After'", parameters[prefix+"Access-Control-Expose-Headers"])
}

// API Gateway turns schemas into JSON Schema draft 4 models. It rejects the whole document for a
// keyword that it does not know, such as "example", and accepts only letters and digits in model
// names.
func TestSchemasUseOnlyKeywordsOfModels(t *testing.T) {
	supported := []string{"$ref", "type", "description", "required", "properties", "items", "minItems", "maxItems",
		"minimum", "maximum", "minLength", "pattern", "enum", "default", "additionalProperties"}
	for name, schema := range schemaNodes(t) {
		require.Regexp(t, "^[A-Za-z0-9]+$", name)
		requireKeywords(t, schema, supported)
	}
}

// schemaNodes returns components.schemas as written, before a loader can drop anything.
func schemaNodes(t *testing.T) map[string]*yaml.Node {
	t.Helper()
	var document struct {
		Components struct {
			Schemas map[string]*yaml.Node
		}
	}
	require.NoError(t, nodes(t, openAPIFile)[0].Decode(&document))
	require.Contains(t, document.Components.Schemas, "CreateOrderRequest")
	return document.Components.Schemas
}

func requireKeywords(t *testing.T, schema *yaml.Node, supported []string) {
	t.Helper()
	for i := 0; i < len(schema.Content); i += 2 {
		keyword, value := schema.Content[i], schema.Content[i+1]
		require.Contains(t, supported, keyword.Value, "line %d", keyword.Line)
		switch keyword.Value {
		case "items":
			requireKeywords(t, value, supported)
		case "properties":
			for j := 1; j < len(value.Content); j += 2 {
				requireKeywords(t, value.Content[j], supported)
			}
		}
	}
}
