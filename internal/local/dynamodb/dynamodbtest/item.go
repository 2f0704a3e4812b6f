package dynamodbtest

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"orders/internal/dynamo/streamimage"
)

// Item returns a document, which must be a JSON object, as an item for the SDK.
func Item(t testing.TB, document json.RawMessage) map[string]types.AttributeValue {
	t.Helper()
	typed, err := streamimage.Encode(document)
	require.NoError(t, err)
	item, err := attributevalue.UnmarshalMapJSON(typed)
	require.NoError(t, err)
	return item
}
