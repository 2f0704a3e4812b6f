// Package streamimage converts the images of orders in the table's stream, which are attributes
// with their DynamoDB types, to plain JSON and back, from text to text. It does not use AWS's SDK:
// the function that reads the stream needs nothing else of it, and the DynamoDB part alone takes
// about a millisecond to initialize.
//
// The plain JSON is canonical: members are sorted by name, sets are sorted, there is no white
// space, and only what must be escaped is. Numbers keep all their digits. Binary values are base64
// strings, sets are arrays.
package streamimage

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"orders/internal/strictjson"
)

// MaxDepth bounds the nesting of values. DynamoDB allows 32 levels and does not say how it counts
// them, so this is twice as much.
const MaxDepth = 64

// A decodeError says where a value cannot be converted, and why, but never the value.
type decodeError struct{ path, reason string }

func (e *decodeError) Error() string {
	if e.path == "" {
		return e.reason
	}
	return e.path + ": " + e.reason
}

// errNotA returns the error of a value that is not what it must be.
func errNotA(kind string) error { return &decodeError{reason: "is not a " + kind} }

// ErrTooDeep is the error of values nested deeper than MaxDepth.
var ErrTooDeep = errors.New("is nested too deep")

// atPath returns err with the name of an attribute, or an index, in front of its path. The path is
// a JSON pointer.
func atPath(name string, err error) error {
	e, ok := errors.AsType[*decodeError](err)
	if !ok {
		e = &decodeError{reason: err.Error()}
	}
	return &decodeError{"/" + strictjson.EscapePointer(name) + e.path, e.reason}
}

// appendSet appends a set, sorted by the text of its elements, because DynamoDB returns sets in any
// order.
func appendSet(out []byte, elements [][]byte) []byte {
	slices.SortFunc(elements, bytes.Compare)
	out = append(out, '[')
	out = append(out, bytes.Join(elements, []byte(","))...)
	return append(out, ']')
}

// appendNumber appends a number as DynamoDB writes it, with all digits.
func appendNumber(out []byte, text string) ([]byte, error) {
	if !strictjson.IsNumber(text) {
		return nil, errNotA("number")
	}
	return append(out, text...), nil
}

// appendBinary appends binary data as a base64 string.
func appendBinary(out, data []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(out, '"'), data), '"')
}

// appendString appends a string and escapes only what JSON requires.
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
