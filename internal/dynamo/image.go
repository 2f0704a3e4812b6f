package dynamo

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orders/internal/dynamo/streamimage"
	"orders/internal/order"
)

// imageOf returns an item of the SDK as an image with canonical values: the same bytes that
// [streamimage.Parse] makes of the same item. The error names the place of a value of an unknown
// type.
func imageOf(stored item) (order.Image, error) {
	attributes := make(order.Image, 0, len(stored))
	for name, value := range stored {
		member, err := appendValue(append(streamimage.AppendString(nil, name), ':'), value, 1)
		if err != nil {
			return nil, streamimage.AtPath(name, err)
		}
		attributes = append(attributes, order.Attribute{Name: name, Member: member})
	}
	slices.SortFunc(attributes, func(a, b order.Attribute) int { return cmp.Compare(a.Name, b.Name) })
	return attributes, nil
}

// appendValue appends the canonical JSON of a value.
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
		return appendSet(out, v.Value, func(out []byte, s string) ([]byte, error) { return streamimage.AppendString(out, s), nil })
	case *types.AttributeValueMemberNS:
		return appendSet(out, v.Value, streamimage.AppendNumber)
	case *types.AttributeValueMemberBS:
		return appendSet(out, v.Value, func(out []byte, b []byte) ([]byte, error) { return streamimage.AppendBinary(out, b), nil })
	}
	return nil, streamimage.ErrNotA("value of a known type")
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
			return nil, streamimage.AtPath(name, err)
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
			return nil, streamimage.AtPath(strconv.Itoa(i), err)
		}
	}
	return append(out, ']'), nil
}

// appendSet appends a set, with appendOne for each element.
func appendSet[E any](out []byte, set []E, appendOne func([]byte, E) ([]byte, error)) ([]byte, error) {
	elements := make([][]byte, len(set))
	for i, e := range set {
		var err error
		if elements[i], err = appendOne(nil, e); err != nil {
			return nil, streamimage.AtPath(strconv.Itoa(i), err)
		}
	}
	return streamimage.AppendSet(out, elements), nil
}
