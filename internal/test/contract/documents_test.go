package contract_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

const (
	openAPIFile = "../../../resources/openapi.yaml"
	eventsFile  = "../../../resources/events.yaml"
)

// load reads a document, which must be valid OpenAPI including its examples, defaults and patterns.
func load(t *testing.T, file string) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(file) // rejects references to other files
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaDefaultsValidation()))
	return doc
}

// decode returns the value of a JSON text, with its numbers as they are written.
func decode(t *testing.T, text string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	require.NoError(t, decoder.Decode(&value), text)
	return value
}

// nodes returns every node of a YAML file, keys and values.
func nodes(t *testing.T, file string) []*yaml.Node {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var root yaml.Node
	require.NoError(t, yaml.Load(data, &root))
	all := []*yaml.Node{&root}
	for i := 0; i < len(all); i++ {
		all = append(all, all[i].Content...)
	}
	return all
}

func TestDocumentsAreValid(t *testing.T) {
	for _, file := range []string{openAPIFile, eventsFile} {
		require.Regexp(t, `^3\.0\.`, load(t, file).OpenAPI, file) // API Gateway imports no later version
	}
}

// AWS::Include accepts neither short intrinsics (!Sub) nor anchors, and API Gateway no reference to
// another file.
func TestDocumentsArePlainEnoughForAWSInclude(t *testing.T) {
	for _, file := range []string{openAPIFile, eventsFile} {
		for _, node := range nodes(t, file) {
			require.Empty(t, node.Anchor, "%s:%d", file, node.Line)
			require.NotEqual(t, yaml.AliasNode, node.Kind, "%s:%d", file, node.Line)
			require.True(t, node.Kind == yaml.DocumentNode || strings.HasPrefix(node.ShortTag(), "!!"), "%s:%d: tag %s", file, node.Line, node.Tag)
			if node.Kind != yaml.MappingNode {
				continue
			}
			for pair := range slices.Chunk(node.Content, 2) {
				if pair[0].Value == "$ref" {
					require.True(t, strings.HasPrefix(pair[1].Value, "#/components/"), "%s:%d: %s", file, pair[1].Line, pair[1].Value)
				}
			}
		}
	}
}

// A YAML parser may read a date or "on" as something else than a string. The documents mean the
// same as JSON.
func TestDocumentsHoldNoTimestampsOrYAMLOneWords(t *testing.T) {
	for _, file := range []string{openAPIFile, eventsFile} {
		for _, node := range nodes(t, file) {
			require.NotEqual(t, "!!timestamp", node.ShortTag(), "%s:%d", file, node.Line)
			if node.Kind == yaml.ScalarNode && node.Style == 0 {
				require.NotContains(t, []string{"on", "off", "yes", "no", "y", "n", "NO"}, node.Value, "%s:%d", file, node.Line)
			}
		}
	}
}

func TestEverySchemaIsUsedAndDescribed(t *testing.T) {
	for _, file := range []string{openAPIFile, eventsFile} {
		doc := load(t, file)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for name, schema := range doc.Components.Schemas {
			require.NotEmpty(t, schema.Value.Description, name)
			_, isEvent := schema.Value.Extensions["x-amazon-events-source"]
			require.True(t, isEvent || bytes.Contains(text, []byte("#/components/schemas/"+name+`"`)), "%s: %s is not used", file, name)
		}
		for name := range doc.Components.Responses {
			require.Contains(t, string(text), "#/components/responses/"+name+`"`, "%s is not used", name)
		}
	}
}
