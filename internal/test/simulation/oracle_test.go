package simulation

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// An oracle judges a history that has settled.
type oracle struct {
	*history
	orders map[string][]change // the changes of every order, by its id
	wrong  []string
}

// A change is a record of the stream, read.
type change struct {
	record
	before, after map[string]any
}

func (h *history) judge() []string {
	o := &oracle{history: h, orders: map[string][]change{}}
	for _, r := range h.table.records {
		c := change{record: r, after: plainItem(r.new)}
		if r.old != nil {
			c.before = plainItem(r.old)
		}
		o.orders[r.orderID] = append(o.orders[r.orderID], c)
	}
	for _, orderID := range slices.Sorted(maps.Keys(o.orders)) {
		changes := o.orders[orderID]
		o.stored(changes)
		o.announced(orderID, changes)
		o.final(orderID, changes)
		o.counted(orderID, changes)
	}
	for range len(h.panics) {
		o.wrong = append(o.wrong, <-h.panics)
	}
	o.nothingMadeUp()
	o.deadLetters()
	o.answered()
	o.seen()
	o.listed()
	return o.wrong
}

func (o *oracle) find(wrong bool, format string, values ...any) {
	if wrong {
		o.wrong = append(o.wrong, fmt.Sprintf(format, values...))
	}
}

// stored judges every state that an order was ever in: the first is what a customer asked for and all checks agreed to,
// and every other follows from one before it by what was reported.
func (o *oracle) stored(changes []change) {
	for i, c := range changes {
		name := fmt.Sprintf("record %d (%s)", c.number, o.short(c.orderID))
		o.find(c.after["total"] != totalOf(fulfilledOf(c.after).lines, c.after["deliveryPrice"].(int64)), "%s: wrong total", name)
		if c.name == "INSERT" {
			o.find(i > 0, "%s: the order was stored before", name)
			o.find(!o.wished(c), "%s: nobody asked for it", name)
			o.find(c.agreed != len(neighbours), "%s: stored although only %d checks agreed", name, c.agreed)
			continue
		}
		o.find(c.after["modifiedDate"].(string) <= c.before["modifiedDate"].(string), "%s: modifiedDate does not rise", name)
		if c.by != nil {
			o.find(!othersEqual(c.before, c.after), "%s: changes what is not fulfilment's", name)
			o.find(!o.reported(c), "%s: no event says so", name)
		}
	}
}

func (o *oracle) wished(c change) bool {
	return slices.ContainsFunc(o.customers, func(by *customer) bool {
		return by.wish.orderID() == c.orderID && by.wish.madeOrder(c.after)
	})
}

// reported tells whether one of the events makes this change.
func (o *oracle) reported(c change) bool {
	before, after := fulfilledOf(c.before), fulfilledOf(c.after)
	return !before.equal(after) && slices.ContainsFunc(o.bus.accepted, func(e event) bool {
		r, ok := reportOf(e)
		return ok && slices.Contains(e.Resources, c.orderID) && before.follow(r).equal(after)
	})
}

// final compares what became of an order with the model, whatever way the events came. An event about an order that was
// not yet stored may or may not have been given up before.
func (o *oracle) final(orderID string, changes []change) {
	var all []reported
	for _, e := range o.bus.accepted {
		r, ok := reportOf(e)
		if !ok || !slices.Contains(e.Resources, orderID) {
			continue
		}
		if !slices.Contains(e.stored, orderID) {
			return
		}
		all = append(all, r)
	}
	expected, settled := fulfilledOf(changes[0].after).after(all)
	found := fulfilledOf(changes[len(changes)-1].after)
	o.find(settled && !found.equal(expected), "%s: is %v, and %v would be right", o.short(orderID), found, expected)
}

// counted judges the metrics: an order is counted once, by the process that stored it, unless that ended too soon, and
// a change at most once.
func (o *oracle) counted(orderID string, changes []change) {
	created, total := o.counts.of(orderID, "orderCreated"), o.counts.of(orderID, "orderCreatedTotal")
	o.find(created > 1, "%s: counted %d times", o.short(orderID), created)
	o.find(created == 1 && total != changes[0].after["total"], "%s: its total was counted as %d", o.short(orderID), total)
	modified, touched, twins := int64(0), false, false
	for _, c := range changes[1:] {
		if c.by != nil {
			modified++
			twins = twins || c.isNext()
		} else {
			touched = true
		}
	}
	followed := o.counts.of(orderID, "orderPackaged", "orderFulfilled", "orderFailed")
	o.find(followed > modified && !twins, "%s: changed %d times, counted %d times", o.short(orderID), modified, followed)
	if touched || changes[0].by == nil {
		return // a store cannot tell its own order with another's attributes from another's order
	}
	for _, r := range o.replies {
		mine := r.name == changes[0].by.name
		o.find(r.order != nil && mine && created != 1, "%s: created by %s, but not counted", o.short(orderID), r.name)
	}
}

// isNext tells whether the change's date is the least that comes after the one before. Two processes whose clocks are
// behind that one give it to the same change; one of them wrote, and the other, if the answer to its own write got lost,
// cannot know that it was not it. Both may count.
func (c change) isNext() bool {
	before, errBefore := time.Parse(time.RFC3339, c.before["modifiedDate"].(string))
	after, errAfter := time.Parse(time.RFC3339, c.after["modifiedDate"].(string))
	return errBefore == nil && errAfter == nil && after.Sub(before) == time.Microsecond
}
