package streamimage

import (
	"errors"
	"strings"
)

// MaxDepth bounds the nesting of values. DynamoDB allows 32 levels; how it counts them is its own affair, so this is
// twice as much.
const MaxDepth = 64

// A misfit is a value that cannot be translated, told by its place and never by itself.
type misfit struct{ place, fault string }

func (m *misfit) Error() string { return m.place + ": " + m.fault }

// IsNo is the error of a value that is not what it has to be.
func IsNo(what string) error { return &misfit{fault: "is no " + what} }

// ErrTooDeep is the error of values nested beyond MaxDepth.
var ErrTooDeep = errors.New("is nested too deep")

// Within adds the name of an attribute, or the place in a list, to the place of a misfit.
func Within(name string, err error) error {
	m, ok := errors.AsType[*misfit](err)
	if !ok {
		m = &misfit{fault: err.Error()}
	}
	return &misfit{"/" + pointerEscapes.Replace(name) + m.place, m.fault}
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")
