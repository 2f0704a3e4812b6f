package dynamo

import (
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orders/internal/dynamo/streamimage"
)

// appendValue appends the canonical JSON of a value as the SDK gives it.
func appendValue(out []byte, value types.AttributeValue, depth int) ([]byte, error) {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return streamimage.AppendString(out, v.Value), nil
	case *types.AttributeValueMemberN:
		return streamimage.AppendNumber(out, v.Value)
	case *types.AttributeValueMemberBOOL:
		return strconv.AppendBool(out, v.Value), nil
	case *types.AttributeValueMemberNULL:
		return append(out, "null"...), nil
	case *types.AttributeValueMemberB:
		return streamimage.AppendBinary(out, v.Value), nil
	case *types.AttributeValueMemberM:
		return appendMap(out, v.Value, depth)
	case *types.AttributeValueMemberL:
		return appendList(out, v.Value, depth)
	case *types.AttributeValueMemberSS:
		return appendEach(out, v.Value, func(out []byte, s string) ([]byte, error) { return streamimage.AppendString(out, s), nil })
	case *types.AttributeValueMemberNS:
		return appendEach(out, v.Value, streamimage.AppendNumber)
	case *types.AttributeValueMemberBS:
		return appendEach(out, v.Value, func(out []byte, b []byte) ([]byte, error) { return streamimage.AppendBinary(out, b), nil })
	}
	return nil, streamimage.IsNo("value of a known type")
}

func appendMap(out []byte, members map[string]types.AttributeValue, depth int) ([]byte, error) {
	if depth == streamimage.MaxDepth {
		return nil, streamimage.ErrTooDeep
	}
	out = append(out, '{')
	for i, name := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendValue(append(streamimage.AppendString(out, name), ':'), members[name], depth+1); err != nil {
			return nil, streamimage.Within(name, err)
		}
	}
	return append(out, '}'), nil
}

func appendList(out []byte, values []types.AttributeValue, depth int) ([]byte, error) {
	if depth == streamimage.MaxDepth {
		return nil, streamimage.ErrTooDeep
	}
	out = append(out, '[')
	for i, value := range values {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendValue(out, value, depth+1); err != nil {
			return nil, streamimage.Within(strconv.Itoa(i), err)
		}
	}
	return append(out, ']'), nil
}

// appendEach appends a set whose elements appendOne writes.
func appendEach[E any](out []byte, set []E, appendOne func([]byte, E) ([]byte, error)) ([]byte, error) {
	elements := make([][]byte, len(set))
	for i, e := range set {
		var err error
		if elements[i], err = appendOne(nil, e); err != nil {
			return nil, streamimage.Within(strconv.Itoa(i), err)
		}
	}
	return streamimage.AppendSet(out, elements), nil
}
