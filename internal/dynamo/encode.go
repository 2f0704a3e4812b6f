package dynamo

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// EncodeImage is a document, which must be a JSON object, as an image of the table's stream: the other way round
// from [ParseImage], which gives the same document back in canonical form.
func EncodeImage(document json.RawMessage) (json.RawMessage, error) {
	in, err := scan(document)
	if err != nil {
		return nil, err
	}
	e := encoder{in: in, out: make([]byte, 0, 2*len(document))}
	if e.in.peek() != '{' {
		return nil, isNo("object")
	}
	if err := e.object(1); err != nil {
		return nil, err
	}
	return e.out, nil
}

// An encoder translates plain values to typed ones, straight from text to text.
type encoder struct {
	in  scanner
	out []byte
}

func (e *encoder) value(depth int) error {
	switch e.in.peek() {
	case '{':
		return e.nested(`{"M":`, e.object, depth)
	case '[':
		return e.nested(`{"L":`, e.list, depth)
	case '"':
		e.scalar(`{"S":`, `}`)
	case 't', 'f':
		e.scalar(`{"BOOL":`, `}`)
	case 'n':
		e.in.literal()
		e.out = append(e.out, `{"NULL":true}`...)
	default:
		e.scalar(`{"N":"`, `"}`)
	}
	return nil
}

func (e *encoder) scalar(prefix, suffix string) {
	e.out = append(e.out, prefix...)
	e.out = append(e.out, e.in.literal()...)
	e.out = append(e.out, suffix...)
}

func (e *encoder) nested(prefix string, inner func(int) error, depth int) error {
	if depth == maxDepth {
		return errTooDeep
	}
	e.out = append(e.out, prefix...)
	err := inner(depth + 1)
	e.out = append(e.out, '}')
	return err
}

func (e *encoder) object(depth int) error {
	e.out = append(e.out, '{')
	first := true
	for e.in.step(); e.in.more('}'); first = false {
		if !first {
			e.out = append(e.out, ',')
		}
		e.out = append(append(e.out, e.in.name()...), ':')
		if err := e.value(depth); err != nil {
			return err
		}
	}
	e.out = append(e.out, '}')
	return nil
}

func (e *encoder) list(depth int) error {
	e.out = append(e.out, '[')
	first := true
	for e.in.step(); e.in.more(']'); first = false {
		if !first {
			e.out = append(e.out, ',')
		}
		if err := e.value(depth); err != nil {
			return err
		}
	}
	e.out = append(e.out, ']')
	return nil
}

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
