package contract_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// A place is a value in a document, or a property that could be there, with its schema.
type place struct {
	pointer string           // RFC 6901
	schema  *openapi3.Schema // nil where there is none
	object  map[string]any   // of which it is a property; nil for an item of a list and for the whole document
	name    string           // of the property
	value   any              // also nil if the property is absent
	set     func(value any)
}

func (p place) GoString() string { return "at " + p.pointer }

// placesIn returns the places of a document: all values, and the absent properties that its schema
// knows.
func placesIn(document *any, schema *openapi3.Schema) []place {
	return place{schema: schema, value: *document, set: func(value any) { *document = value }}.andBelow()
}

func (p place) andBelow() []place {
	all := []place{p}
	switch value := p.value.(type) {
	case map[string]any:
		for _, name := range p.members(value) {
			member := place{pointer: p.pointer + "/" + pointerEscapes.Replace(name), schema: p.property(name), object: value, name: name,
				value: value[name], set: func(v any) { value[name] = v }}
			all = append(all, member.andBelow()...)
		}
	case []any:
		for i := range value {
			item := place{pointer: fmt.Sprintf("%s/%d", p.pointer, i), schema: p.items(), value: value[i], set: func(v any) { value[i] = v }}
			all = append(all, item.andBelow()...)
		}
	}
	return all
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func (p place) members(value map[string]any) []string {
	names := slices.Collect(maps.Keys(value))
	if p.schema != nil {
		names = slices.AppendSeq(names, maps.Keys(p.schema.Properties))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (p place) property(name string) *openapi3.Schema {
	if p.schema == nil || p.schema.Properties[name] == nil {
		return nil
	}
	return p.schema.Properties[name].Value
}

func (p place) items() *openapi3.Schema {
	if p.schema == nil || p.schema.Items == nil {
		return nil
	}
	return p.schema.Items.Value
}

// A mutation is a change of a document at one place.
type mutation struct {
	what string
	make func()
}

func (m mutation) GoString() string { return m.what }

// mutations returns all changes at a place: values of every kind, valid there or not, and what else
// can happen to a property, an object or a list.
func (p place) mutations() []mutation {
	var all []mutation
	for _, text := range values {
		all = append(all, mutation{"set to " + text, func() { p.set(decoded(text)) }})
	}
	if p.object != nil {
		all = append(all, mutation{"dropped", func() { delete(p.object, p.name) }})
	}
	if p.object != nil && p.schema != nil {
		all = append(all, p.renamings()...)
	}
	if object, ok := p.value.(map[string]any); ok {
		for _, name := range []string{"extra", "", "Name", "a/b~c", "__proto__"} {
			all = append(all, mutation{"with a property " + name, func() { object[name] = decoded(`{"quantity": -1, "x": [null, 1e400]}`) }})
		}
	}
	if list, ok := p.value.([]any); ok && len(list) > 0 {
		for _, size := range []int{0, 1, 2, 100, 101} {
			all = append(all, mutation{fmt.Sprintf("of %d items", size), func() { p.set(ofSize(list, size)) }})
		}
	}
	return all
}

// values are on both sides of the bounds of every rule, with numbers in every notation.
var values = []string{
	`null`, `true`, `false`, `{}`, `[]`, `[null]`, `[{}]`, `[1]`,
	`-2147483648`, `-1`, `-1.0`, `-0.5`, `0`, `-0`, `0.0`, `0e9`, `0.5`, `1`, `1.0`, `1.5`, `15e-1`, `1e2`, `1.5E+1`, `100e-2`, `100e-3`,
	`2147483646`, `2147483647`, `2147483647.0`, `2147483647.5`, `2147483648`, `2.147483648e9`, `4294967297`,
	`9223372036854775808`, `18446744073709551617`, `1e300`, `1e400`, `-1e400`,
	`""`, `" "`, `"\u0000"`, `"0"`, `"1"`, `"null"`, `"2147483648"`, `"{}"`, `"\ud83e\udde6"`,
	`"D"`, `"DE"`, `"de"`, `"dE"`, `"DEU"`, `"D1"`, `"D "`, `" DE"`, `"DE\n"`, `"\nDE"`, `"\u00c4\u00d6"`, `"\u00e9"`, `"\u212aE"`,
}

// renamings are mutations that give a known property an unknown name.
func (p place) renamings() []mutation {
	var all []mutation
	for _, name := range []string{strings.ToUpper(p.name), strings.ToUpper(p.name[:1]) + p.name[1:], p.name + " "} {
		all = append(all, mutation{"renamed " + name, func() {
			if value, ok := p.object[p.name]; ok {
				delete(p.object, p.name)
				p.object[name] = value
			}
		}})
	}
	return all
}

// ofSize returns a list of products like the first of another list, each with an ID of its own.
func ofSize(list []any, size int) []any {
	longer := make([]any, size)
	for i := range longer {
		longer[i] = list[0]
		if product, ok := list[0].(map[string]any); ok {
			product = maps.Clone(product)
			product["productId"] = fmt.Sprintf("product %d", i)
			longer[i] = product
		}
	}
	return longer
}

// decoded returns the value of a text that is known to be JSON, with its numbers as they are
// written.
func decoded(text string) any {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		panic(err)
	}
	return value
}
