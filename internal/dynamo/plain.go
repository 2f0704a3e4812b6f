package dynamo

import (
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// plain returns an item as the values that [order.FromAttributes] reads and JSON can express.
func plain(stored item) map[string]any {
	attributes := make(map[string]any, len(stored))
	for name, value := range stored {
		attributes[name] = plainValue(value)
	}
	return attributes
}

// plainValue returns a number with all its digits, binary data for base64, and a set in a fixed
// order, because DynamoDB returns sets in any order. A value of an unknown type becomes an empty
// struct, which nothing reads.
func plainValue(value types.AttributeValue) any {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return json.Number(v.Value)
	case *types.AttributeValueMemberBOOL:
		return v.Value
	case *types.AttributeValueMemberNULL:
		return nil
	case *types.AttributeValueMemberM:
		return plain(v.Value)
	case *types.AttributeValueMemberL:
		list := make([]any, len(v.Value))
		for i, element := range v.Value {
			list[i] = plainValue(element)
		}
		return list
	case *types.AttributeValueMemberSS:
		return slices.Sorted(slices.Values(v.Value))
	case *types.AttributeValueMemberNS:
		numbers := make([]json.Number, len(v.Value))
		for i, number := range slices.Sorted(slices.Values(v.Value)) {
			numbers[i] = json.Number(number)
		}
		return numbers
	case *types.AttributeValueMemberB:
		return v.Value
	case *types.AttributeValueMemberBS:
		return slices.SortedFunc(slices.Values(v.Value), slices.Compare)
	}
	return struct{}{}
}
