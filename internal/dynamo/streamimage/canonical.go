package streamimage

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// AppendSet appends a set in the order of its elements' texts: DynamoDB gives sets in any order.
func AppendSet(out []byte, elements [][]byte) []byte {
	slices.SortFunc(elements, bytes.Compare)
	out = append(out, '[')
	out = append(out, bytes.Join(elements, []byte(","))...)
	return append(out, ']')
}

// AppendNumber appends a number as DynamoDB writes it, all digits kept.
func AppendNumber(out []byte, text string) ([]byte, error) {
	if text == "" || !strings.ContainsRune("-0123456789", rune(text[0])) || strings.TrimSpace(text) != text || !json.Valid([]byte(text)) {
		return nil, IsNo("number")
	}
	return append(out, text...), nil
}

// AppendBinary appends binary data as base64 text.
func AppendBinary(out, data []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(out, '"'), data), '"')
}

// AppendString appends a string that is escaped no more than JSON demands.
func AppendString(out []byte, s string) []byte {
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
