package order

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
)

// An EventType is the detail-type of an event that this service publishes.
type EventType string

// The events published: one for each change of the table.
const (
	OrderCreated  EventType = "OrderCreated"
	OrderModified EventType = "OrderModified"
	OrderDeleted  EventType = "OrderDeleted"
)

// An Event describes one change of one order.
type Event struct {
	OrderID     string
	Type        EventType
	Detail      json.RawMessage // a JSON object: the order's image, or for OrderModified a Modification
	TraceHeader string          // the X-Ray trace header, empty without a trace
}

// A Modification is the detail of an OrderModified event.
type Modification struct {
	Old     json.RawMessage `json:"old"`
	New     json.RawMessage `json:"new"`
	Changed []string        `json:"changed"` // the top-level names that were added, removed or changed, sorted
}

// A Publisher puts events on the bus. It must be safe for concurrent use.
type Publisher interface {
	// Publish publishes events and returns one result for each: nil once the bus has accepted it,
	// otherwise an [*Error], Permanent if no retry can help and Unavailable if one may. The events
	// of one order are published in their order, each only after the bus has accepted the one
	// before, so an event behind a failed one of its order is not published and fails like it.
	// Publish retries until shortly before the context's deadline. Calling it again after a
	// failure may publish an event twice.
	Publish(ctx context.Context, events []Event) []error
}

// An Image is an order as the table's stream shows it before or after a change: attribute by
// attribute, sorted by name, including those that this version does not know. Values are canonical:
// equal values have equal bytes.
type Image []Attribute

// An Attribute is one member of an image.
type Attribute struct {
	Name   string
	Member json.RawMessage // name and value as they stand in a JSON object: "total":100
}

// JSON returns the whole image as one object.
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

// Changed returns the names of the attributes that were added, removed or changed between two
// images, sorted.
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
