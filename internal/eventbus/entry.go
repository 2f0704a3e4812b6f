package eventbus

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"orders/internal/order"
)

// source is who speaks in every event of this service.
const source = "ecommerce.orders"

// EventBridge's limits. It calls the one on sizes "1 MB", of an entry as of a request: an entry is given the benefit
// of the doubt, a request of several need not try it.
const (
	maxEntries     = 10
	maxRequestSize = 1_000_000 // bytes
	maxEntrySize   = 1 << 20   // bytes
)

// entryOf has no Time: the bus stamps it.
func (p *Publisher) entryOf(event order.Event) types.PutEventsRequestEntry {
	entry := types.PutEventsRequestEntry{
		EventBusName: aws.String(p.Bus),
		Source:       aws.String(source),
		DetailType:   aws.String(string(event.Type)),
		Detail:       aws.String(string(event.Detail)),
		Resources:    []string{event.OrderID},
	}
	if event.TraceHeader != "" {
		entry.TraceHeader = aws.String(event.TraceHeader)
	}
	return entry
}

// sizeOf is the size of an event's entry in bytes, counted as EventBridge documents it (14 more were it to have a
// Time): neither the names of the fields nor the bus and the trace header count.
func sizeOf(event order.Event) int {
	return len(source) + len(event.Type) + len(event.Detail) + len(event.OrderID)
}

// A chunk is the lines whose first events go out in one request.
type chunk struct {
	lines  []*line
	size   int  // bytes
	closed bool // takes no more
}

// add takes l, whose first entry has size bytes, if it still fits.
func (c *chunk) add(l *line, size int) bool {
	if c.closed || len(c.lines) > 0 && (l.alone || c.size+size > maxRequestSize) {
		return false
	}
	c.lines = append(c.lines, l)
	c.size += size
	c.closed = l.alone || len(c.lines) == maxEntries
	return true
}
