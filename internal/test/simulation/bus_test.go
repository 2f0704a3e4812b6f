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

// A bus is EventBridge: it accepts requests, some of whose entries it may reject, and delivers
// events at least once, in any order, with a bounded number of retries.
type bus struct {
	history             *history
	accepted            []event
	rejectsWholeRequest bool // for a poisonous entry, instead of the entry alone
}

// An event is an event that the bus has accepted.
type event struct {
	ID        string          `json:"id"`
	Source    string          `json:"source"`
	Type      string          `json:"detail-type"`
	Resources []string        `json:"resources"`
	Detail    json.RawMessage `json:"detail"`

	stored []string // the resources whose orders were stored at that time
}

// poison marks a detail that the bus never accepts.
const poison = `"poison"`

// put carries out PutEvents.
func (b *bus) put(in *eventbridge.PutEventsInput, f fate) (out *eventbridge.PutEventsOutput, result string, err error) {
	poisonous := slices.ContainsFunc(in.Entries, func(e types.PutEventsRequestEntry) bool { return strings.Contains(*e.Detail, poison) })
	if poisonous && b.rejectsWholeRequest {
		return nil, "rejected", status(400, "ValidationException")
	}
	out = &eventbridge.PutEventsOutput{Entries: make([]types.PutEventsResultEntry, len(in.Entries))}
	random := b.history.scheduler.random
	failing := random.IntN(len(in.Entries)) // at least this entry of a partly failed request fails
	for _, i := range random.Perm(len(in.Entries)) {
		entry := in.Entries[i]
		switch {
		case strings.Contains(*entry.Detail, poison):
			out.Entries[i].ErrorCode = aws.String("MalformedDetail")
		case f == partial && (i == failing || random.IntN(2) == 0):
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

// accept accepts an event, in the scheduler's goroutine, and starts its deliveries.
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
	b.deliver(e, "queue", func(attempt string, e event) error {
		b.history.scheduler.cross(&call{at: others, name: attempt + " sent", do: func(fate) string { b.history.queue.send(e); return "" }})
		return nil
	})
	return e.ID
}

const (
	ordersSource  = "ecommerce.orders"
	firstRedelive = time.Second
	lastRedelive  = 8 * time.Second
)

// deliver invokes a target with an event until it succeeds or the attempts are used up.
func (b *bus) deliver(e event, target string, invoke func(attempt string, e event) error) {
	b.history.scheduler.spawn(func() { b.attempts(e, e.ID+" to "+target, invoke) })
}

func (b *bus) attempts(e event, name string, invoke func(attempt string, e event) error) {
	wait := firstRedelive
	for n := 1; n <= attempts; n++ {
		name := fmt.Sprintf("%s.%d", name, n)
		f := b.history.scheduler.cross(&call{at: delivery, name: name, do: func(f fate) string {
			if f == duplicated {
				b.history.scheduler.spawn(func() { b.attempts(e, name+" again", invoke) })
			}
			return e.Type
		}})
		if f != lost && invoke(name, e) == nil {
			return
		}
		time.Sleep(wait)
		wait = min(2*wait, lastRedelive)
	}
	panic(name + ": more faults than a history has") // attempts are more than faults
}
