package streamimage

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"orders/internal/order"
	"orders/internal/strictjson"
)

// errNotJSON stands for the scanner's own errors, which may quote a character.
var errNotJSON = errors.New("the image is not JSON")

// Parse converts an image of the table's stream, such as {"total":{"N":"100"}}. The error for text
// that is not an image contains the path of the fault as a JSON pointer, and no value.
func Parse(stream json.RawMessage) (order.Image, error) {
	in, err := strictjson.NewScanner(stream)
	if err != nil {
		return nil, errNotJSON
	}
	d := decoder{in: in, out: make([]byte, 0, len(stream))}
	members, err := d.members(1)
	if err != nil {
		return nil, err
	}
	image := make(order.Image, len(members))
	for i, m := range members {
		image[i] = order.Attribute{Name: string(m.name), Member: d.out[m.start:m.end:m.end]}
	}
	return image, nil
}

// A decoder converts typed values to plain ones, from text to text. This is most of table-update's
// CPU time.
type decoder struct {
	in  strictjson.Scanner
	out []byte
}

// A member is a name with the position of its text in a decoder's output.
type member struct {
	name       []byte
	start, end int
}

// members appends the members of an object of typed values and returns their positions, sorted by
// name.
func (d *decoder) members(depth int) ([]member, error) {
	if d.in.Peek() != '{' {
		return nil, errNotA("JSON object")
	}
	found := make([]member, 0, 8) // most maps of an order have no more
	for d.in.Step(); d.in.More(); {
		literal := d.in.Name()
		m := member{name: strictjson.Unquote(literal), start: len(d.out)}
		d.text(literal)
		d.out = append(d.out, ':')
		if err := d.value(depth); err != nil {
			return nil, atPath(string(m.name), err)
		}
		m.end = len(d.out)
		found = append(found, m)
	}
	slices.SortFunc(found, func(a, b member) int { return bytes.Compare(a.name, b.name) })
	for i := 1; i < len(found); i++ {
		if bytes.Equal(found[i].name, found[i-1].name) {
			return nil, atPath(string(found[i].name), &decodeError{reason: "is a duplicate"})
		}
	}
	return found, nil
}

// value appends one typed value: an object whose only member is named after its type.
func (d *decoder) value(depth int) error {
	if d.in.Peek() != '{' {
		return errNotA("typed value")
	}
	if d.in.Step(); !d.in.More() {
		return errNotA("value of a known type")
	}
	if err := d.typed(string(strictjson.Unquote(d.in.Name())), depth); err != nil {
		return err
	}
	if d.in.More() {
		return errNotA("value of one type")
	}
	return nil
}

func (d *decoder) typed(kind string, depth int) error {
	switch kind {
	case "S", "N", "B":
		return d.scalar(kind)
	case "SS", "NS", "BS":
		return d.set(kind[:1])
	case "M":
		return d.object(depth)
	case "L":
		return d.list(depth)
	case "BOOL":
		if c := d.in.Peek(); c != 't' && c != 'f' {
			return errNotA("boolean")
		}
		d.out = append(d.out, d.in.Literal()...)
		return nil
	case "NULL":
		if d.in.Peek() != 't' {
			return errNotA("null")
		}
		d.in.Literal()
		d.out = append(d.out, "null"...)
		return nil
	}
	return errNotA("value of a known type")
}

// scalar appends a value that is a string in the stream.
func (d *decoder) scalar(kind string) error {
	if d.in.Peek() != '"' {
		return errNotA("string of its type")
	}
	literal := d.in.Literal()
	switch kind {
	case "N":
		out, err := appendNumber(d.out, string(strictjson.Unquote(literal)))
		if err != nil {
			return err
		}
		d.out = out
	case "B":
		data, err := base64.StdEncoding.DecodeString(string(strictjson.Unquote(literal)))
		if err != nil {
			return errNotA("base64 string")
		}
		d.out = appendBinary(d.out, data)
	default:
		d.text(literal)
	}
	return nil
}

// text appends a string. One without escapes is already canonical.
func (d *decoder) text(literal []byte) {
	if bytes.IndexByte(literal, '\\') < 0 {
		d.out = append(d.out, literal...)
	} else {
		d.out = appendString(d.out, string(strictjson.Unquote(literal)))
	}
}

func (d *decoder) set(kind string) error {
	if d.in.Peek() != '[' {
		return errNotA("set")
	}
	var elements [][]byte
	start := len(d.out)
	for d.in.Step(); d.in.More(); {
		if err := d.scalar(kind); err != nil {
			return atPath(strconv.Itoa(len(elements)), err)
		}
		elements = append(elements, bytes.Clone(d.out[start:]))
		d.out = d.out[:start]
	}
	d.out = appendSet(d.out, elements)
	return nil
}

func (d *decoder) list(depth int) error {
	if d.in.Peek() != '[' {
		return errNotA("list")
	}
	if depth == MaxDepth {
		return ErrTooDeep
	}
	d.out = append(d.out, '[')
	i := 0
	for d.in.Step(); d.in.More(); i++ {
		if i > 0 {
			d.out = append(d.out, ',')
		}
		if err := d.value(depth + 1); err != nil {
			return atPath(strconv.Itoa(i), err)
		}
	}
	d.out = append(d.out, ']')
	return nil
}

// object appends a map's members and then sorts them.
func (d *decoder) object(depth int) error {
	if depth == MaxDepth {
		return ErrTooDeep
	}
	start := len(d.out)
	members, err := d.members(depth + 1)
	if err != nil {
		return err
	}
	unsorted := bytes.Clone(d.out[start:])
	d.out = append(d.out[:start], '{')
	for i, m := range members {
		if i > 0 {
			d.out = append(d.out, ',')
		}
		d.out = append(d.out, unsorted[m.start-start:m.end-start]...)
	}
	d.out = append(d.out, '}')
	return nil
}
