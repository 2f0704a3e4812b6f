package streamimage

import (
	"encoding/json"

	"orders/internal/strictjson"
)

// Encode converts a document, which must be a JSON object, to an image of the table's stream.
// [Parse] returns the same document in canonical form.
func Encode(document json.RawMessage) (json.RawMessage, error) {
	in, err := strictjson.NewScanner(document)
	if err != nil {
		return nil, errNotJSON
	}
	e := encoder{in: in, out: make([]byte, 0, 2*len(document))}
	if e.in.Peek() != '{' {
		return nil, errNotA("JSON object")
	}
	if err := e.object(1); err != nil {
		return nil, err
	}
	return e.out, nil
}

// An encoder converts plain values to typed ones, from text to text.
type encoder struct {
	in  strictjson.Scanner
	out []byte
}

func (e *encoder) value(depth int) error {
	switch e.in.Peek() {
	case '{':
		return e.nested(`{"M":`, e.object, depth)
	case '[':
		return e.nested(`{"L":`, e.list, depth)
	case '"':
		e.scalar(`{"S":`, `}`)
	case 't', 'f':
		e.scalar(`{"BOOL":`, `}`)
	case 'n':
		e.in.Literal()
		e.out = append(e.out, `{"NULL":true}`...)
	default:
		e.scalar(`{"N":"`, `"}`)
	}
	return nil
}

func (e *encoder) scalar(prefix, suffix string) {
	e.out = append(e.out, prefix...)
	e.out = append(e.out, e.in.Literal()...)
	e.out = append(e.out, suffix...)
}

func (e *encoder) nested(prefix string, inner func(int) error, depth int) error {
	if depth == MaxDepth {
		return ErrTooDeep
	}
	e.out = append(e.out, prefix...)
	err := inner(depth + 1)
	e.out = append(e.out, '}')
	return err
}

func (e *encoder) object(depth int) error {
	e.out = append(e.out, '{')
	first := true
	for e.in.Step(); e.in.More(); first = false {
		if !first {
			e.out = append(e.out, ',')
		}
		e.out = append(append(e.out, e.in.Name()...), ':')
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
	for e.in.Step(); e.in.More(); first = false {
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
