package simulation

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// An item is what the table holds under one key.
type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// textOf is an attribute that is a text, and otherwise empty.
func textOf(i item, name string) string {
	if s, ok := i[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// appendImage writes an item as the table's stream shows it: {"total":{"N":"100"}}.
func appendImage(out []byte, i item) []byte {
	out = append(out, '{')
	for n, name := range slices.Sorted(maps.Keys(i)) {
		if n > 0 {
			out = append(out, ',')
		}
		out = append(appendText(out, name), ':')
		out = appendTyped(out, i[name])
	}
	return append(out, '}')
}

func appendTyped(out []byte, value types.AttributeValue) []byte {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		out = appendText(append(out, `{"S":`...), v.Value)
	case *types.AttributeValueMemberN:
		out = appendText(append(out, `{"N":`...), v.Value)
	case *types.AttributeValueMemberBOOL:
		out = strconv.AppendBool(append(out, `{"BOOL":`...), v.Value)
	case *types.AttributeValueMemberM:
		out = appendImage(append(out, `{"M":`...), v.Value)
	case *types.AttributeValueMemberL:
		out = append(out, `{"L":[`...)
		for n, element := range v.Value {
			if n > 0 {
				out = append(out, ',')
			}
			out = appendTyped(out, element)
		}
		out = append(out, ']')
	default:
		panic(fmt.Sprintf("the simulated table has no values of type %T", v))
	}
	return append(out, '}')
}

func appendText(out []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string: cannot fail
	}
	return append(out, quoted...)
}

// plain is a value as JSON readers see it, numbers as int64.
func plain(value types.AttributeValue) any {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		n, err := strconv.ParseInt(v.Value, 10, 64)
		if err != nil {
			panic(err) // nobody writes any but integers
		}
		return n
	case *types.AttributeValueMemberBOOL:
		return v.Value
	case *types.AttributeValueMemberM:
		return plainItem(v.Value)
	case *types.AttributeValueMemberL:
		list := make([]any, len(v.Value))
		for n, element := range v.Value {
			list[n] = plain(element)
		}
		return list
	}
	panic(fmt.Sprintf("the simulated table has no values of type %T", value))
}

func plainItem(i item) map[string]any {
	object := make(map[string]any, len(i))
	for name, value := range i {
		object[name] = plain(value)
	}
	return object
}
