// Package strictjson reads JSON that others wrote, where two readers must not see two different
// documents and the writer deserves to hear of every error at once.
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
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Parse reads one JSON text that should be an object. The error, for text that is not JSON or not
// UTF-8, says where. That the document is not an object, or that it has a property twice, is among
// the errors of the Object.
func Parse(data []byte) (Object, error) {
	if !utf8.Valid(data) {
		return Object{}, errors.New("the text is not valid UTF-8")
	}
	if err := checkSyntax(data); err != nil {
		return Object{}, err
	}
	p := parser{tokens: json.NewDecoder(bytes.NewReader(data)), errs: new(errorList)}
	p.tokens.UseNumber()
	return newObject(p.value(nil), nil, p.errs), nil
}

// Members splits a JSON object into its properties without decoding them, for readers that pass one
// on as it was written. The error says that the text is not a JSON object, or has a property twice.
func Members(data []byte) (map[string]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if start, err := decoder.Token(); checkSyntax(data) != nil || err != nil || start != json.Delim('{') {
		return nil, errors.New("must be a JSON object")
	}
	members := map[string]json.RawMessage{}
	for decoder.More() {
		token, _ := decoder.Token() // cannot fail: the syntax has been checked
		name, _ := token.(string)
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		if _, found := members[name]; found {
			return nil, fmt.Errorf("duplicate property %q", name[:min(len(name), maxPointerBytes)])
		}
		members[name] = value
	}
	return members, nil
}

// checkSyntax also bounds the depth of nesting, to encoding/json's 10,000.
func checkSyntax(data []byte) error {
	var whole json.RawMessage
	err := json.Unmarshal(data, &whole)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("%w (at byte %d)", err, syntax.Offset)
	}
	return err
}

// A parser builds maps, slices, strings, json.Numbers, bools and nils from tokens whose syntax has
// been checked.
type parser struct {
	tokens *json.Decoder
	errs   *errorList
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
		if _, found := members[name]; found {
			p.errs.add(at.member(name), "duplicate property")
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
