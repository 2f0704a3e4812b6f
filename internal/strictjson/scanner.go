package strictjson

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// A scanner steps through a text whose syntax has been checked. json.Decoder's tokens would do the
// same, at nearly four times the cost (BenchmarkParse): they are decoded by reflection.
type scanner struct {
	text []byte
	at   int
}

// peek returns the first byte of what follows, after white space.
func (s *scanner) peek() byte {
	for {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
}

// next returns that byte and steps over it.
func (s *scanner) next() byte {
	c := s.peek()
	s.at++
	return c
}

// more reports whether another element of an array or object follows, after its opening bracket or
// after an element, and steps over the comma or the closing bracket.
func (s *scanner) more() bool {
	switch s.peek() {
	case ']', '}':
		s.at++
		return false
	case ',':
		s.at++
	}
	return true
}

// name returns the name of a property and steps over the colon.
func (s *scanner) name() string {
	name := s.string()
	s.next()
	return name
}

// string returns a string.
func (s *scanner) string() string {
	quoted := s.skipString()
	if plain := quoted[1 : len(quoted)-1]; bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
		return string(plain)
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // cannot fail: the syntax has been checked
	return text
}

// skipString returns a string with its quotes.
func (s *scanner) skipString() []byte {
	s.peek()
	start := s.at
	for s.at++; s.text[s.at] != '"'; s.at++ {
		if s.text[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
	return s.text[start:s.at]
}

// skipScalar returns a number, true, false or null.
func (s *scanner) skipScalar() []byte {
	s.peek()
	length := bytes.IndexAny(s.text[s.at:], ",]} \t\n\r")
	if length < 0 {
		length = len(s.text) - s.at
	}
	start := s.at
	s.at += length
	return s.text[start:s.at]
}

// skip returns a value as it is written, without the white space around it.
func (s *scanner) skip() []byte {
	s.peek()
	start, depth := s.at, 0
	for {
		switch s.peek() {
		case '{', '[':
			depth++
			s.at++
		case '}', ']':
			depth--
			s.at++
		case ',', ':':
			s.at++
		case '"':
			s.skipString()
		default:
			s.skipScalar()
		}
		if depth == 0 {
			return s.text[start:s.at:s.at]
		}
	}
}
