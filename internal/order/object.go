package order

import (
	"encoding/json"
	"fmt"
)

// An object reads the members of a JSON object and notes what is wrong with them. One that stands for a value which
// is missing or no object has no members, and notes nothing further about them.
type object struct {
	members map[string]any // nil where there is no object
	at      *pointer
	found   *faults
}

func newObject(value any, at *pointer, found *faults) object {
	members, ok := value.(map[string]any)
	if !ok {
		found.add(at, "must be an object")
	}
	return object{members, at, found}
}

func (o object) has(name string) bool {
	_, ok := o.members[name]
	return ok
}

// required is a member's value and place; false, with the fault noted, if there is none.
func (o object) required(name string) (value any, at *pointer, ok bool) {
	if o.members == nil {
		return nil, nil, false
	}
	value, ok = o.members[name]
	at = o.at.member(name)
	if !ok {
		o.found.add(at, "is required")
	}
	return value, at, ok
}

func (o object) object(name string) object {
	value, at, ok := o.required(name)
	if !ok {
		return object{found: o.found}
	}
	return newObject(value, at, o.found)
}

func (o object) array(name string, least, most int) ([]any, *pointer) {
	value, at, ok := o.required(name)
	if !ok {
		return nil, nil
	}
	items, ok := value.([]any)
	switch {
	case !ok:
		o.found.add(at, "must be an array")
	case len(items) < least:
		o.found.add(at, fmt.Sprintf("must have at least %d item", least))
	case len(items) > most:
		o.found.add(at, fmt.Sprintf("must have at most %d items, got %d", most, len(items)))
		return nil, nil // whatever is wrong with so many is not worth telling
	}
	return items, at
}

func (o object) text(name string) string {
	value, at, ok := o.required(name)
	if !ok {
		return ""
	}
	text, ok := value.(string)
	if !ok {
		o.found.add(at, "must be a string")
	} else if text == "" {
		o.found.add(at, "must not be empty")
	}
	return text
}

func (o object) optionalText(name string) *string {
	if !o.has(name) {
		return nil
	}
	text, ok := o.members[name].(string)
	if !ok {
		o.found.add(o.at.member(name), "must be a string")
	}
	return &text
}

// integer is a required integer from least to MaxInteger.
func (o object) integer(name string, least int64) int64 {
	if _, _, ok := o.required(name); !ok {
		return least
	}
	v, ok := o.anyInteger(name)
	switch {
	case !ok:
	case v < least:
		o.found.add(o.at.member(name), fmt.Sprintf("must be at least %d", least))
	case v > MaxInteger:
		o.found.add(o.at.member(name), fmt.Sprintf("must be at most %d", MaxInteger))
	}
	return v
}

// anyInteger is the value of a member that is there, whatever its size; false, with the fault noted, if it is none.
func (o object) anyInteger(name string) (int64, bool) {
	number, isNumber := o.members[name].(json.Number)
	v, isWhole := integer(number)
	if !isNumber || !isWhole {
		o.found.add(o.at.member(name), "must be an integer")
		return 0, false
	}
	return v, true
}
