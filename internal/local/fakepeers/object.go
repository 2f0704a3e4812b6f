package fakepeers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// object is a JSON object whose members are decoded one by one: unlike a
// struct it takes names as they are written, upper and lower case apart, and
// tells a missing member from a zero. Its errors name members, never values,
// which may be tokens or addresses.
type object map[string]json.RawMessage

func readObject(r io.Reader) (object, error) {
	var o object
	data, err := io.ReadAll(r)
	if err != nil || json.Unmarshal(data, &o) != nil || o == nil {
		return nil, errors.New("the body is not a JSON object of at most 1 MiB")
	}
	return o, nil
}

func member[T any](o object, name, kind string) (T, error) {
	var value *T // null leaves it nil
	raw, found := o[name]
	if !found {
		var none T
		return none, fmt.Errorf("missing '%s'", name)
	}
	if err := json.Unmarshal(raw, &value); err != nil || value == nil {
		var none T
		return none, fmt.Errorf("'%s' is not %s", name, kind)
	}
	return *value, nil
}

func (o object) text(name string) (string, error) {
	value, err := member[string](o, name, "a string")
	if err == nil && value == "" {
		err = fmt.Errorf("'%s' is empty", name)
	}
	return value, err
}

// integer reads a whole number between least and 2,147,483,647, the largest
// that the platform knows. 1.0 is whole.
func (o object) integer(name string, least int64) (int64, error) {
	kind := fmt.Sprintf("an integer between %d and %d", least, math.MaxInt32)
	value, err := member[float64](o, name, kind)
	if err != nil {
		return 0, err
	}
	if value != math.Trunc(value) || value < float64(least) || value > math.MaxInt32 {
		return 0, fmt.Errorf("'%s' is not %s", name, kind)
	}
	return int64(value), nil
}

func (o object) child(name string) (object, error) {
	return member[object](o, name, "an object")
}

func (o object) children(name string) ([]object, error) {
	return member[[]object](o, name, "a list of objects")
}

// parcel reads a package.
func (o object) parcel(name string) (Package, error) {
	var p Package
	size, err := o.child(name)
	if err != nil {
		return Package{}, err
	}
	for _, side := range []struct {
		name string
		into *int64
	}{{"width", &p.Width}, {"length", &p.Length}, {"height", &p.Height}, {"weight", &p.Weight}} {
		if *side.into, err = size.integer(side.name, 0); err != nil {
			return Package{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return p, nil
}
