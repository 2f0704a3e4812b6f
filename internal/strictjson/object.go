package strictjson

import (
	"encoding/json"
	"fmt"
	"iter"
)

// An Object reads the properties of one JSON object and collects what is wrong with them, in the
// list that it shares with all objects of its document. A method that finds an error returns the
// zero value and the reader goes on, so that all errors are reported at once.
//
// An Object for a value that is missing or not an object has no properties and reports nothing
// further about them. Objects are not safe for concurrent use.
type Object struct {
	members map[string]any // nil if there is no object
	at      *pointer
	errs    *errorList
}

// NewObject returns an Object for a document that was decoded elsewhere, into the same types that
// [Object.Array] names.
func NewObject(members map[string]any) Object {
	return Object{members: members, errs: new(errorList)}
}

func newObject(value any, at *pointer, errs *errorList) Object {
	members, ok := value.(map[string]any)
	if !ok {
		errs.add(at, "must be an object")
	}
	return Object{members, at, errs}
}

// Errors returns every error found so far in the whole document, at most 1,000, or nil. Each is a
// JSON pointer and a text, such as "/products/0/quantity: must be at least 1".
func (o Object) Errors() []string { return o.errs.texts }

// AddError reports an error of a caller's own at a property.
func (o Object) AddError(name, text string) { o.errs.add(o.at.member(name), text) }

// Pointer returns the JSON pointer of the object, shortened if it is very long.
func (o Object) Pointer() string { return o.at.String() }

// Has reports whether there is a property of this name, which may be null.
func (o Object) Has(name string) bool {
	_, ok := o.members[name]
	return ok
}

// Value returns the value of a property, of the types that [Object.Array] names, or nil if the
// property is absent or null.
func (o Object) Value(name string) any { return o.members[name] }

// String returns a required string, which must not be empty.
func (o Object) String(name string) string {
	value, ok := o.required(name)
	if !ok {
		return ""
	}
	text, ok := value.(string)
	if !ok {
		o.AddError(name, "must be a string")
	} else if text == "" {
		o.AddError(name, "must not be empty")
	}
	return text
}

// OptionalString returns a string that may be empty, or nil if the property is absent.
func (o Object) OptionalString(name string) *string {
	if !o.Has(name) {
		return nil
	}
	text, ok := o.members[name].(string)
	if !ok {
		o.AddError(name, "must be a string")
	}
	return &text
}

// Bool returns a required boolean.
func (o Object) Bool(name string) bool {
	value, ok := o.required(name)
	if !ok {
		return false
	}
	b, ok := value.(bool)
	if !ok {
		o.AddError(name, "must be true or false")
	}
	return b
}

// Number returns a required number exactly as it was written.
func (o Object) Number(name string) json.Number {
	value, ok := o.required(name)
	if !ok {
		return ""
	}
	number, ok := value.(json.Number)
	if !ok {
		o.AddError(name, "must be a number")
	}
	return number
}

// Integer returns a required integer between least and most, however it is written: see [Int64].
func (o Object) Integer(name string, least, most int64) int64 {
	value, ok := o.required(name)
	if !ok {
		return 0
	}
	number, _ := value.(json.Number)
	v, ok := Int64(number)
	switch {
	case !ok:
		o.AddError(name, "must be an integer")
	case v < least:
		o.AddError(name, fmt.Sprintf("must be at least %d", least))
	case v > most:
		o.AddError(name, fmt.Sprintf("must be at most %d", most))
	default:
		return v
	}
	return 0
}

// Object returns a required object.
func (o Object) Object(name string) Object {
	value, ok := o.required(name)
	if !ok {
		return Object{at: o.at.member(name), errs: o.errs}
	}
	return newObject(value, o.at.member(name), o.errs)
}

// Array returns the items of a required array of least to most items: maps for objects, slices,
// strings, json.Numbers, bools, and nil for null. One that is too long returns nothing, because a
// list of errors in so many items would help nobody.
func (o Object) Array(name string, least, most int) []any {
	value, ok := o.required(name)
	if !ok {
		return nil
	}
	items, ok := value.([]any)
	switch {
	case !ok:
		o.AddError(name, "must be an array")
	case len(items) < least:
		o.AddError(name, fmt.Sprintf("must have at least %d item", least))
	case len(items) > most:
		o.AddError(name, fmt.Sprintf("must have at most %d items, got %d", most, len(items)))
		return nil
	}
	return items
}

// Objects returns an iterator over a required array of least to most objects, see [Object.Array].
func (o Object) Objects(name string, least, most int) iter.Seq2[int, Object] {
	return func(yield func(int, Object) bool) {
		for i, item := range o.Array(name, least, most) {
			if !yield(i, newObject(item, o.at.member(name).item(i), o.errs)) {
				return
			}
		}
	}
}

// required returns the value of a property, or reports that there is none.
func (o Object) required(name string) (value any, ok bool) {
	if o.members == nil {
		return nil, false
	}
	if value, ok = o.members[name]; !ok {
		o.AddError(name, "is required")
	}
	return value, ok
}

// maxErrors bounds the list, because a small hostile document has an error every few
// bytes. A document that anybody means has far fewer.
const maxErrors = 1000

type errorList struct{ texts []string }

func (l *errorList) add(at *pointer, text string) {
	if len(l.texts) < maxErrors {
		l.texts = append(l.texts, at.String()+": "+text)
	}
}
