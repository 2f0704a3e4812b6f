package order

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
)

// An Image is an order as the table's stream shows it before or after a change: attribute by attribute, those that
// this version does not know included, sorted by name. Values are canonical: equal values have equal bytes.
type Image []Attribute

// An Attribute is one member of an image.
type Attribute struct {
	Name   string
	Member json.RawMessage // name and value as they stand in a JSON object: "total":100
}

// JSON is the whole image as one object.
func (i Image) JSON() json.RawMessage {
	size := len("{}")
	for _, a := range i {
		size += len(a.Member) + len(",")
	}
	out := append(make([]byte, 0, size), '{')
	for n, a := range i {
		if n > 0 {
			out = append(out, ',')
		}
		out = append(out, a.Member...)
	}
	return append(out, '}')
}

// Changed lists the names of the attributes that were added, removed or changed between two images, sorted.
func Changed(before, after Image) []string {
	names := []string{}
	for len(before) > 0 && len(after) > 0 {
		switch order := cmp.Compare(before[0].Name, after[0].Name); {
		case order < 0:
			names, before = append(names, before[0].Name), before[1:]
		case order > 0:
			names, after = append(names, after[0].Name), after[1:]
		default:
			if !bytes.Equal(before[0].Member, after[0].Member) {
				names = append(names, before[0].Name)
			}
			before, after = before[1:], after[1:]
		}
	}
	for _, a := range slices.Concat(before, after) { // one of them is empty
		names = append(names, a.Name)
	}
	return names
}
