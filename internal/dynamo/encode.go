package dynamo

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// EncodeItem is a document, which must be a JSON object, as an item for the SDK.
func EncodeItem(document json.RawMessage) (map[string]types.AttributeValue, error) {
	var members map[string]any
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	if err := d.Decode(&members); err != nil || members == nil || d.More() {
		return nil, errors.New("the item is no JSON object")
	}
	return encodeMembers(members), nil
}

func encodeMembers(members map[string]any) item {
	values := make(item, len(members))
	for name, member := range members {
		values[name] = encodeValue(member)
	}
	return values
}

func encodeValue(value any) types.AttributeValue {
	switch v := value.(type) {
	case string:
		return text(v)
	case json.Number:
		return &types.AttributeValueMemberN{Value: v.String()}
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}
	case map[string]any:
		return &types.AttributeValueMemberM{Value: encodeMembers(v)}
	case []any:
		list := make([]types.AttributeValue, len(v))
		for i, element := range v {
			list[i] = encodeValue(element)
		}
		return &types.AttributeValueMemberL{Value: list}
	}
	return &types.AttributeValueMemberNULL{Value: true}
}
