package hostile

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// A place is a value of a small valid order, which is made from the schema and so has every
// property.
type place struct {
	pointer  string // RFC 6901
	name     string // of the property; empty for an item and for the whole order
	schema   *openapi3.Schema
	required bool
	value    string   // of a text or an integer
	children []*place // of an object or a list
}

// goodOrder returns the valid order whose places the generator changes.
func goodOrder(t testing.TB) *place {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../../resources/openapi.yaml")
	require.NoError(t, err)
	whole := placeOf("", "", true, doc.Components.Schemas["CreateOrderRequest"].Value)
	whole.at("/total").value = "6" // one product, twice 2, and 2 for delivery
	var value any
	require.NoError(t, json.Unmarshal([]byte(whole.text(nil)), &value))
	require.NoError(t, whole.schema.VisitJSON(value))
	return whole
}

func placeOf(pointer, name string, required bool, schema *openapi3.Schema) *place {
	p := &place{pointer: pointer, name: name, schema: schema, required: required}
	switch {
	case p.is("object"):
		for _, child := range slices.Sorted(maps.Keys(schema.Properties)) {
			p.children = append(p.children, placeOf(pointer+"/"+child, child, slices.Contains(schema.Required, child), schema.Properties[child].Value))
		}
	case p.is("array"):
		p.children = []*place{placeOf(pointer+"/0", "", true, schema.Items.Value)}
	case p.is("integer"):
		p.value = "2"
	case schema.Pattern != "":
		p.value = `"DE"`
	default:
		p.value = `"` + marker + `"`
	}
	return p
}

func (p *place) is(kind string) bool { return p.schema.Type.Is(kind) }

// all returns the place and those below it.
func (p *place) all() []*place {
	places := []*place{p}
	for _, child := range p.children {
		places = append(places, child.all()...)
	}
	return places
}

func (p *place) at(pointer string) *place {
	for _, candidate := range p.all() {
		if candidate.pointer == pointer {
			return candidate
		}
	}
	panic("no place " + pointer)
}

// edits return what replaces the name of a place, with a colon, and its value.
type edits map[*place]func(key, value string) string

// text returns the order as JSON, with some places changed. A place that becomes empty is left out.
func (p *place) text(changed edits) string {
	value, key := p.value, ""
	var parts []string
	for _, child := range p.children {
		if part := child.text(changed); part != "" {
			parts = append(parts, part)
		}
	}
	if p.is("object") {
		value = "{" + strings.Join(parts, ",") + "}"
	}
	if p.is("array") {
		value = "[" + strings.Join(parts, ",") + "]"
	}
	if p.name != "" {
		key = `"` + p.name + `":`
	}
	if change, ok := changed[p]; ok {
		return change(key, value)
	}
	return key + value
}

// setTo is an edit that keeps the name.
func setTo(value string) func(string, string) string {
	return func(key, _ string) string { return key + value }
}

// besides is an edit that adds properties to an object, before its own.
func besides(members string) func(string, string) string {
	return func(key, value string) string { return key + "{" + members + "," + strings.TrimPrefix(value, "{") }
}
