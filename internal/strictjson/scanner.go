package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// A Scanner steps through JSON whose syntax has been checked, without decoding it. What it returns
// is part of the text. A method must fit what comes next: see Peek. json.Decoder's tokens would do
// the same at nearly four times the cost (BenchmarkParse), because they are decoded by reflection.
type Scanner struct {
	text []byte
	at   int
}

// NewScanner returns a Scanner at the beginning of a text. It fails if the text is not JSON, or not
// UTF-8.
func NewScanner(text []byte) (Scanner, error) {
	if !utf8.Valid(text) {
		return Scanner{}, errors.New("the text is not valid UTF-8")
	}
	return Scanner{text: text}, checkSyntax(text)
}

// Peek returns the first byte of what comes next, after white space. It determines its type.
func (s *Scanner) Peek() byte {
	for {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
}

// Step skips one byte of punctuation.
func (s *Scanner) Step() {
	s.Peek()
	s.at++
}

// More reports whether the current object or array has another element. If not, it skips the
// closing bracket.
func (s *Scanner) More() bool {
	switch s.Peek() {
	case ']', '}':
		s.at++
		return false
	case ',':
		s.at++
	}
	return true
}

// Name returns the name of the next property as it is written. The value comes next.
func (s *Scanner) Name() []byte {
	name := s.Literal()
	s.Step()
	return name
}

// Literal returns the next value, which must not be an object or array, as it is written: a string
// with its quotes.
func (s *Scanner) Literal() []byte {
	isString := s.Peek() == '"'
	start := s.at
	if !isString {
		if n := bytes.IndexAny(s.text[s.at:], ",]} \t\n\r"); n >= 0 {
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

// skip returns the next value as it is written, whatever it is.
func (s *Scanner) skip() []byte {
	s.Peek()
	start, depth := s.at, 0
	for {
		switch s.Peek() {
		case '{', '[':
			depth++
			s.at++
		case '}', ']':
			depth--
			s.at++
		case ',', ':':
			s.at++
		default:
			s.Literal()
		}
		if depth == 0 {
			return s.text[start:s.at:s.at]
		}
	}
}

// Unquote returns the text of a string literal. Without escapes, it is a part of the literal.
func Unquote(literal []byte) []byte {
	if plain := literal[1 : len(literal)-1]; bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
		return plain
	}
	var text string
	_ = json.Unmarshal(literal, &text) // cannot fail: the syntax has been checked
	return []byte(text)
}
