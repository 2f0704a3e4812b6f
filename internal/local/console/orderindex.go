package console

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"orders/internal/local/eventbridge"
)

// An orderIndex knows every order by what was published and logged about it, newest last.
type orderIndex struct {
	byID map[string]*orderRecord
	all  []*orderRecord
}

// An orderRecord is what the console knows about one order.
type orderRecord struct {
	ID       string
	UserID   string // "" until the order is published
	Status   string
	Total    int64
	Created  time.Time
	requests []string // IDs of the requests that logged something about it, oldest first
	events   []recordedEvent
}

// A recordedEvent is an event with the time at which the bus accepted it, which the event itself
// has in whole seconds only.
type recordedEvent struct {
	eventbridge.Event
	Accepted time.Time
}

func newOrderIndex() orderIndex { return orderIndex{byID: map[string]*orderRecord{}} }

func (x *orderIndex) order(id string) *orderRecord {
	known, ok := x.byID[id]
	if !ok {
		known = &orderRecord{ID: id}
		x.byID[id] = known
	}
	return known
}

// list makes an order visible in the list. What is only logged, such as a rejected order, is not.
func (x *orderIndex) list(o *orderRecord, created time.Time) {
	if o.Created.IsZero() {
		o.Created = created
		if o.Status == "" {
			o.Status = "NEW"
		}
		x.all = append(x.all, o)
	}
}

func (x *orderIndex) addLine(line logLine) {
	o := x.order(line.OrderID)
	if line.RequestID != "" && !slices.Contains(o.requests[max(0, len(o.requests)-10):], line.RequestID) {
		o.requests = append(o.requests, line.RequestID)
	}
	if line.Message == "order created" {
		x.list(o, line.Time)
	}
}

func (x *orderIndex) addEvent(e eventbridge.Event, accepted time.Time) {
	for _, id := range e.Resources {
		o := x.order(id)
		o.events = append(o.events, recordedEvent{e, accepted})
		if e.Source != "ecommerce.orders" {
			continue
		}
		type state struct {
			UserID      string
			Status      string
			Total       json.Number
			CreatedDate string
		}
		var detail struct {
			state
			New state
		}
		if json.Unmarshal(e.Detail, &detail) != nil {
			continue
		}
		now := detail.state
		if e.DetailType == "OrderModified" {
			now = detail.New
		}
		created, err := time.Parse(time.RFC3339Nano, now.CreatedDate)
		if err != nil {
			created = accepted
		}
		x.list(o, created)
		o.UserID, o.Status = now.UserID, now.Status
		o.Total, _ = now.Total.Int64()
		if e.DetailType == "OrderDeleted" {
			o.Status = "DELETED"
		}
	}
}

// An orderFilter selects orders. Empty fields select all.
type orderFilter struct {
	User, Status, ID string
	Before           string // an order ID: only older orders
}

// page returns up to limit orders, newest first, and whether more follow.
func (x *orderIndex) page(f orderFilter, limit int) (page []orderRecord, more bool) {
	skip := f.Before != ""
	for _, o := range slices.Backward(x.all) {
		if skip {
			skip = o.ID != f.Before
			continue
		}
		if f.Status != "" && o.Status != f.Status || !strings.Contains(o.ID, f.ID) || !strings.Contains(o.UserID, f.User) {
			continue
		}
		if len(page) == limit {
			return page, true
		}
		page = append(page, *o)
	}
	return page, false
}
