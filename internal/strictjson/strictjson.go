// Package strictjson reads JSON that others wrote, so that two readers never see two different
// documents, and reports all errors at once.
//
// It is stricter than encoding/json: the text must be UTF-8, property names are case-sensitive, and
// a name that appears twice in one object is an error. [Parse] reads a whole document for an
// [Object], whose methods return the properties and collect what is wrong with them, each error
// beginning with a JSON pointer (RFC 6901):
//
//	o, err := strictjson.Parse(body)
//	if err != nil {
//		return err // not JSON at all
//	}
//	city := o.Object("address").String("city")
//	weight := o.Integer("weight", 0, math.MaxInt32)
//	if errs := o.Errors(); errs != nil {
//		return errors.New(strings.Join(errs, ", ")) // "/address/city: must not be empty, /weight: ..."
//	}
//
// Errors name places, never values, which may be personal data or secrets. [Members] splits an
// object without decoding it, [Int64] reads one number, and [Marshal] writes JSON without HTML
// escaping.
package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Parse reads one JSON text that should be an object. The error, for text that is not JSON or not
// UTF-8, says where. That the document is not an object, or that it has a property twice, is among
// the errors of the Object.
func Parse(data []byte) (Object, error) {
	text, err := NewScanner(data)
	if err != nil {
		return Object{}, err
	}
	p := parser{text, new(errorList)}
	return newObject(p.value(nil), nil, p.errs), nil
}

// Members splits a JSON object into its properties without decoding them, for readers that pass one
// on as it was written. The values are parts of data. The error says that the text is not a JSON
// object, or has a property twice.
func Members(data []byte) (map[string]json.RawMessage, error) {
	s := Scanner{text: data} // which may be of another encoding
	if checkSyntax(data) != nil || s.Peek() != '{' {
		return nil, errors.New("must be a JSON object")
	}
	s.Step()
	members := map[string]json.RawMessage{}
	for s.More() {
		name := string(Unquote(s.Name()))
		value := s.skip()
		if _, found := members[name]; found {
			return nil, fmt.Errorf("duplicate property %q", name[:min(len(name), maxPointerBytes)])
		}
		members[name] = value
	}
	return members, nil
}

// checkSyntax also bounds the depth of nesting, to encoding/json's 10,000.
func checkSyntax(data []byte) error {
	if json.Valid(data) {
		return nil
	}
	var whole json.RawMessage
	err := json.Unmarshal(data, &whole) // says why
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("%w (at byte %d)", err, syntax.Offset)
	}
	return err
}

// A parser builds maps, slices, strings, json.Numbers, bools and nils.
type parser struct {
	Scanner
	errs *errorList
}

func (p *parser) value(at *pointer) any {
	switch p.Peek() {
	case '{':
		return p.object(at)
	case '[':
		return p.array(at)
	case '"':
		return string(Unquote(p.Literal()))
	}
	switch text := p.Literal(); text[0] {
	case 't':
		return true
	case 'f':
		return false
	case 'n':
		return nil
	default:
		return json.Number(text)
	}
}

func (p *parser) object(at *pointer) map[string]any {
	members := map[string]any{}
	p.Step()
	for p.More() {
		name := string(Unquote(p.Name()))
		value := p.value(at.member(name))
		if _, found := members[name]; found {
			p.errs.add(at.member(name), "duplicate property")
			continue
		}
		members[name] = value
	}
	return members
}

func (p *parser) array(at *pointer) []any {
	items := []any{}
	p.Step()
	for p.More() {
		items = append(items, p.value(at.item(len(items))))
	}
	return items
}
