package order

import (
	"context"
	"encoding/json"
)

// An EventType is the detail-type of an event that this service publishes.
type EventType string

// The events published: one for each change of the table.
const (
	OrderCreated  EventType = "OrderCreated"
	OrderModified EventType = "OrderModified"
	OrderDeleted  EventType = "OrderDeleted"
)

// An Event tells everyone else about one change of one order.
type Event struct {
	OrderID     string
	Type        EventType
	Detail      json.RawMessage // a JSON object: the order's image, or for OrderModified a Modification
	TraceHeader string          // X-Ray's, empty where nothing is traced
}

// A Modification is the detail of an OrderModified.
type Modification struct {
	Old     json.RawMessage `json:"old"`
	New     json.RawMessage `json:"new"`
	Changed []string        `json:"changed"` // the top-level names that were added, removed or changed, sorted
}

// A Publisher puts events on the bus. It must be safe for concurrent use.
type Publisher interface {
	// Publish sends events and returns one result for each: nil once the bus has accepted it, otherwise an
	// [*Error], Unsendable where trying again can never help and Unavailable where it may. The events of one
	// order are sent in their order, each only after the bus has accepted the one before, so an event behind a
	// failed one of its order is not sent and fails like it. Publish retries by itself until shortly before the
	// context's deadline; whoever calls again after a failure may send an event twice.
	Publish(ctx context.Context, events []Event) []error
}
