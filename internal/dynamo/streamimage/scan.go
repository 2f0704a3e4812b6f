package streamimage

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// A scanner reads JSON that is known to be valid, and therefore checks no syntax.
type scanner struct {
	text []byte
	at   int
}

// scan returns a scanner at the beginning of a text. It fails if the text is not JSON.
func scan(text []byte) (scanner, error) {
	if !utf8.Valid(text) || !json.Valid(text) {
		return scanner{}, errors.New("the image is not JSON")
	}
	return scanner{text: text}, nil
}

// peek returns the first byte of the next token, which determines its type.
func (s *scanner) peek() byte {
	for {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return c
		}
	}
}

// step skips one byte of punctuation.
func (s *scanner) step() {
	s.peek()
	s.at++
}

// more reports whether the current object or array has another member. If not, it skips the end.
func (s *scanner) more(end byte) bool {
	switch s.peek() {
	case end:
		s.at++
		return false
	case ',':
		s.at++
	}
	return true
}

// literal returns the next value, which must not be an object or array, as it is written: a string
// with its quotes.
func (s *scanner) literal() []byte {
	isString := s.peek() == '"'
	start := s.at
	if !isString {
		if n := bytes.IndexAny(s.text[s.at:], ",]} \t\r\n"); n >= 0 {
			s.at += n
		} else {
			s.at = len(s.text)
		}
		return s.text[start:s.at]
	}
	for s.at++; s.text[s.at] != '"'; s.at++ {
		if s.text[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
	return s.text[start:s.at]
}

// name returns the name of the next member as it is written. The value comes next.
func (s *scanner) name() []byte {
	name := s.literal()
	s.step()
	return name
}

// unquoted returns the text of a string literal. Without escapes, it is a part of the literal.
func unquoted(literal []byte) []byte {
	if bytes.IndexByte(literal, '\\') < 0 {
		return literal[1 : len(literal)-1]
	}
	var text string
	_ = json.Unmarshal(literal, &text) // cannot fail: the text is valid
	return []byte(text)
}
