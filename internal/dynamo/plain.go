package dynamo

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// maxDepth bounds the nesting of values. DynamoDB allows 32 levels; how it counts them is its own affair, so this is
// twice as much.
const maxDepth = 64

// A misfit is a value that cannot be translated, told by its place.
type misfit struct{ place, fault string }

func (m *misfit) Error() string { return m.place + ": " + m.fault }

func isNo(what string) error { return &misfit{fault: "is no " + what} }

var errTooDeep = errors.New("is nested too deep")

// within adds the name of an attribute, or the place in a list, to the place of a misfit.
func within(name string, err error) error {
	m, ok := errors.AsType[*misfit](err)
	if !ok {
		m = &misfit{fault: err.Error()}
	}
	return &misfit{"/" + pointerEscapes.Replace(name) + m.place, m.fault}
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// appendValue appends the canonical JSON of a value as the SDK gives it.
func appendValue(out []byte, value types.AttributeValue, depth int) ([]byte, error) {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return appendString(out, v.Value), nil
	case *types.AttributeValueMemberN:
		return appendNumber(out, v.Value)
	case *types.AttributeValueMemberBOOL:
		return strconv.AppendBool(out, v.Value), nil
	case *types.AttributeValueMemberNULL:
		return append(out, "null"...), nil
	case *types.AttributeValueMemberB:
		return appendBinary(out, v.Value), nil
	case *types.AttributeValueMemberM:
		return appendMap(out, v.Value, depth)
	case *types.AttributeValueMemberL:
		return appendList(out, v.Value, depth)
	case *types.AttributeValueMemberSS:
		return appendEach(out, v.Value, func(out []byte, s string) ([]byte, error) { return appendString(out, s), nil })
	case *types.AttributeValueMemberNS:
		return appendEach(out, v.Value, appendNumber)
	case *types.AttributeValueMemberBS:
		return appendEach(out, v.Value, func(out []byte, b []byte) ([]byte, error) { return appendBinary(out, b), nil })
	}
	return nil, isNo("value of a known type")
}

func appendMap(out []byte, members map[string]types.AttributeValue, depth int) ([]byte, error) {
	if depth == maxDepth {
		return nil, errTooDeep
	}
	out = append(out, '{')
	for i, name := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendValue(append(appendString(out, name), ':'), members[name], depth+1); err != nil {
			return nil, within(name, err)
		}
	}
	return append(out, '}'), nil
}

func appendList(out []byte, values []types.AttributeValue, depth int) ([]byte, error) {
	if depth == maxDepth {
		return nil, errTooDeep
	}
	out = append(out, '[')
	for i, value := range values {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendValue(out, value, depth+1); err != nil {
			return nil, within(strconv.Itoa(i), err)
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
			return nil, within(strconv.Itoa(i), err)
		}
	}
	return appendSet(out, elements), nil
}

// appendSet appends a set in the order of its elements' texts: DynamoDB gives sets in any order.
func appendSet(out []byte, elements [][]byte) []byte {
	slices.SortFunc(elements, bytes.Compare)
	out = append(out, '[')
	out = append(out, bytes.Join(elements, []byte(","))...)
	return append(out, ']')
}

// appendNumber appends a number as DynamoDB writes it, all digits kept.
func appendNumber(out []byte, text string) ([]byte, error) {
	if text == "" || !strings.ContainsRune("-0123456789", rune(text[0])) || strings.TrimSpace(text) != text || !json.Valid([]byte(text)) {
		return nil, isNo("number")
	}
	return append(out, text...), nil
}

func appendBinary(out, data []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(out, '"'), data), '"')
}

// appendString appends a string that is escaped no more than JSON demands.
func appendString(out []byte, s string) []byte {
	const hex = "0123456789abcdef"
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, string(utf8.RuneError))
	}
	out = append(out, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c >= ' ':
			out = append(out, c)
		case c == '\n':
			out = append(out, '\\', 'n')
		case c == '\r':
			out = append(out, '\\', 'r')
		case c == '\t':
			out = append(out, '\\', 't')
		case c == '\b':
			out = append(out, '\\', 'b')
		case c == '\f':
			out = append(out, '\\', 'f')
		default:
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(out, '"')
}
