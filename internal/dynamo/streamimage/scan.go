package streamimage

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// A scanner walks over JSON whose syntax is known to be right, and so needs to check none.
type scanner struct {
	text []byte
	at   int
}

// scan begins to walk over a text. The error is for one that is no JSON.
func scan(text []byte) (scanner, error) {
	if !utf8.Valid(text) || !json.Valid(text) {
		return scanner{}, errors.New("the image is no JSON")
	}
	return scanner{text: text}, nil
}

// peek is the first byte of what comes next, which tells its type.
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

// step goes over one byte of punctuation.
func (s *scanner) step() {
	s.peek()
	s.at++
}

// more tells, in an object or array that was stepped into, whether another member comes. Otherwise it steps out.
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

// literal is the next value, which is no object and no array, as it is written: a string with its quotes.
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

// name is the name of an object's member, as it is written; the value comes next.
func (s *scanner) name() []byte {
	name := s.literal()
	s.step()
	return name
}

// unquoted is the text that a string literal stands for: a part of the literal where nothing is escaped.
func unquoted(literal []byte) []byte {
	if bytes.IndexByte(literal, '\\') < 0 {
		return literal[1 : len(literal)-1]
	}
	var text string
	_ = json.Unmarshal(literal, &text) // cannot fail: the syntax is right
	return []byte(text)
}
