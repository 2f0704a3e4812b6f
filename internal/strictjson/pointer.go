package strictjson

import (
	"slices"
	"strconv"
	"strings"
)

// A pointer is a JSON pointer under construction; nil is the whole document. Only an error turns it
// into text.
type pointer struct {
	parent *pointer
	name   string
	depth  int // from 1
}

// member returns the place of a property. Below the depth that fits into the text it stays where it
// is, so that a thousand errors inside ten thousand brackets cost no more than a thousand
// elsewhere.
func (p *pointer) member(name string) *pointer {
	switch {
	case p == nil:
		return &pointer{name: name, depth: 1}
	case p.depth > maxPointerBytes:
		return p
	}
	return &pointer{p, name, p.depth + 1}
}

func (p *pointer) item(i int) *pointer { return p.member(strconv.Itoa(i)) }

// maxPointerBytes bounds the text of one pointer: whoever nests a thousand names, or sends one of
// 100 KiB, does not get all of it back a thousand times.
const maxPointerBytes = 300

func (p *pointer) String() string {
	var names []string
	for ; p != nil; p = p.parent {
		names = append(names, p.name)
	}
	var text strings.Builder
	for _, name := range slices.Backward(names) {
		text.WriteByte('/')
		text.WriteString(EscapePointer(name[:min(len(name), maxPointerBytes)]))
		if text.Len() > maxPointerBytes {
			return text.String()[:maxPointerBytes] + "..."
		}
	}
	return text.String()
}

// EscapePointer returns a property name as a part of a JSON pointer.
func EscapePointer(name string) string { return pointerEscapes.Replace(name) }

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")
