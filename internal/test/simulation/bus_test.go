package simulation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// A bus is EventBridge: it accepts events in requests, some of whose entries it may turn down, and delivers them at
// least once, in any order, with retries and an end to them.
type bus struct {
	history  *history
	accepted []event
	dead     []deadLetter
	pickyAll bool // refuses a whole request for a poisonous entry, instead of the entry
}

// An event is one that the bus has accepted.
type event struct {
	ID        string          `json:"id"`
	Source    string          `json:"source"`
	Type      string          `json:"detail-type"`
	Resources []string        `json:"resources"`
	Detail    json.RawMessage `json:"detail"`

	stored []string // those of the resources that were stored orders at the time
}

// A deadLetter is an event that was not delivered to the service.
type deadLetter struct {
	event   event
	missing bool // whether one of its orders was not stored when it was given up
}

// poison marks a detail that the bus never accepts.
const poison = `"poison"`

// put is PutEvents.
func (b *bus) put(in *eventbridge.PutEventsInput, f fate) (out *eventbridge.PutEventsOutput, result string, err error) {
	poisonous := slices.ContainsFunc(in.Entries, func(e types.PutEventsRequestEntry) bool { return strings.Contains(*e.Detail, poison) })
	if poisonous && b.pickyAll {
		return nil, "refused", status(400, "ValidationException")
	}
	out = &eventbridge.PutEventsOutput{Entries: make([]types.PutEventsResultEntry, len(in.Entries))}
	random := b.history.scheduler.random
	spared := random.IntN(len(in.Entries)) // at least one entry of a partly failed request fails
	for _, i := range random.Perm(len(in.Entries)) {
		entry := in.Entries[i]
		switch {
		case strings.Contains(*entry.Detail, poison):
			out.Entries[i].ErrorCode = aws.String("MalformedDetail")
		case f == partial && (i == spared || random.IntN(2) == 0):
			out.Entries[i].ErrorCode = aws.String("InternalFailure")
		default:
			id := b.accept(*entry.Source, *entry.DetailType, entry.Resources, json.RawMessage(*entry.Detail))
			out.Entries[i].EventId = aws.String(id)
			result += " " + id
			continue
		}
		out.FailedEntryCount++
	}
	return out, fmt.Sprintf("accepted%s, failed %d", result, out.FailedEntryCount), nil
}

// accept takes an event, in the scheduler's goroutine, and starts its deliveries.
func (b *bus) accept(source, kind string, resources []string, detail json.RawMessage) (id string) {
	e := event{ID: fmt.Sprintf("e%d", len(b.accepted)+1), Source: source, Type: kind, Resources: resources, Detail: detail}
	for _, orderID := range resources {
		if b.history.table.items[orderID] != nil {
			e.stored = append(e.stored, orderID)
		}
	}
	b.accepted = append(b.accepted, e)
	if source == ordersSource {
		if kind == "OrderCreated" {
			b.deliver(e, "warehouse", b.history.fulfilment.react)
		}
		return e.ID
	}
	b.deliver(e, "on-events", b.history.onEvents)
	return e.ID
}

const (
	ordersSource  = "ecommerce.orders"
	firstRedelive = time.Second
	lastRedelive  = 8 * time.Second
)

// deliver brings an event to its target, until the target has taken it or the attempts are used up.
func (b *bus) deliver(e event, target string, take func(attempt string, e event) error) {
	b.history.scheduler.spawn(func() { b.attempts(e, e.ID+" to "+target, take) })
}

func (b *bus) attempts(e event, name string, take func(attempt string, e event) error) {
	wait := firstRedelive
	for n := 1; n <= attempts; n++ {
		name := fmt.Sprintf("%s.%d", name, n)
		f := b.history.scheduler.cross(&call{at: delivery, name: name, do: func(f fate) string {
			if f == twice {
				b.history.scheduler.spawn(func() { b.attempts(e, name+" again", take) })
			}
			return e.Type
		}})
		if f != lost && take(name, e) == nil {
			return
		}
		time.Sleep(wait)
		wait = min(2*wait, lastRedelive)
	}
	b.history.scheduler.cross(&call{at: world, name: name + " given up", do: func(fate) string {
		missing := slices.ContainsFunc(e.Resources, func(orderID string) bool { return b.history.table.items[orderID] == nil })
		b.dead = append(b.dead, deadLetter{e, missing})
		return e.Type
	}})
}
