package order

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// parseDocument reads one JSON text into maps, slices, strings, json.Numbers, bools and nil. It is stricter than
// encoding/json where the contract is: the text must be UTF-8, and a name given twice in one object is a fault,
// since two readers could otherwise read two different orders. It returns an error for text that is no JSON.
func parseDocument(data []byte, faults *faults) (any, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("the text is not valid UTF-8")
	}
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil { // settles the syntax, and bounds the nesting
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("%w (at byte %d)", err, syntax.Offset)
		}
		return nil, err
	}
	p := parser{tokens: json.NewDecoder(bytes.NewReader(data)), faults: faults}
	p.tokens.UseNumber()
	return p.value(nil), nil
}

// A parser builds a document from tokens whose syntax is known to be right.
type parser struct {
	tokens *json.Decoder
	faults *faults
}

func (p *parser) value(at *pointer) any {
	switch t := p.next().(type) {
	case json.Delim:
		if t == '{' {
			return p.object(at)
		}
		return p.array(at)
	default:
		return t
	}
}

func (p *parser) object(at *pointer) map[string]any {
	members := map[string]any{}
	for p.tokens.More() {
		name, _ := p.next().(string)
		value := p.value(at.member(name))
		if _, twice := members[name]; twice {
			p.faults.add(at.member(name), "is given twice")
			continue
		}
		members[name] = value
	}
	p.next() // the closing brace
	return members
}

func (p *parser) array(at *pointer) []any {
	items := []any{}
	for p.tokens.More() {
		items = append(items, p.value(at.item(len(items))))
	}
	p.next() // the closing bracket
	return items
}

func (p *parser) next() json.Token {
	t, _ := p.tokens.Token() // cannot fail: the syntax has been checked
	return t
}
