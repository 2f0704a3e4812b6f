package order

import (
	"slices"
	"strconv"
	"strings"
)

// A pointer is a JSON pointer (RFC 6901) under construction; nil is the whole document. It is put into words only
// where there is a fault to tell of.
type pointer struct {
	parent *pointer
	name   string
	depth  int // from 1
}

// member is the place of a member. Below a depth that no words reach it stays where it is, so that a thousand faults
// at ten thousand brackets cost no more than a thousand anywhere.
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

// maxPointerBytes bounds the words for one place: whoever nests a thousand names, or makes one of 100 KiB, is not
// told all of it a thousand times.
const maxPointerBytes = 300

func (p *pointer) String() string {
	var names []string
	for ; p != nil; p = p.parent {
		names = append(names, p.name)
	}
	var text strings.Builder
	for _, name := range slices.Backward(names) {
		text.WriteByte('/')
		text.WriteString(pointerEscapes.Replace(name[:min(len(name), maxPointerBytes)]))
		if text.Len() > maxPointerBytes {
			return text.String()[:maxPointerBytes] + "..."
		}
	}
	return text.String()
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")
