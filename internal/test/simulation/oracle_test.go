package simulation

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// An oracle checks a history that has settled.
type oracle struct {
	*history
	orders map[string][]change // the changes of every order, by its ID
	wrong  []string
}

// A change is a record of the stream with its images decoded.
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
		o.published(orderID, changes)
		o.final(orderID, changes)
		o.counted(orderID, changes)
	}
	for range len(h.panics) {
		o.wrong = append(o.wrong, <-h.panics)
	}
	o.onlyChangesArePublished()
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

// stored checks every state of an order: the first is what a customer requested and all checks
// accepted, and every other is the result of applying an update to the one before.
func (o *oracle) stored(changes []change) {
	for i, c := range changes {
		name := fmt.Sprintf("record %d (%s)", c.number, o.short(c.orderID))
		o.find(c.after["total"] != totalOf(progressOf(c.after).lines, c.after["deliveryPrice"].(int64)), "%s: wrong total", name)
		if c.name == "INSERT" {
			o.find(i > 0, "%s: the order was stored before", name)
			o.find(!o.requested(c), "%s: no customer requested it", name)
			o.find(c.accepted != len(peers), "%s: stored although only %d checks accepted", name, c.accepted)
			continue
		}
		o.find(c.after["modifiedDate"].(string) <= c.before["modifiedDate"].(string), "%s: modifiedDate does not rise", name)
		if c.by != nil {
			o.find(!othersEqual(c.before, c.after), "%s: changes what fulfilment must not change", name)
			o.find(!isRecorded(c.before, c.after), "%s: the history does not record it", name)
			o.find(!o.explained(c), "%s: no update explains it", name)
		}
	}
}

func (o *oracle) requested(c change) bool {
	return slices.ContainsFunc(o.customers, func(by *customer) bool {
		return by.purchase.orderID() == c.orderID && by.purchase.matchesNew(c.after)
	})
}

// explained reports whether one of the updates makes this change.
func (o *oracle) explained(c change) bool {
	before, after := progressOf(c.before), progressOf(c.after)
	return !before.equal(after) && slices.ContainsFunc(o.bus.accepted, func(e event) bool {
		r, ok := readUpdate(e)
		return ok && slices.Contains(e.Resources, c.orderID) && before.apply(r).equal(after)
	})
}

// final compares the final state of an order with the model. An update that arrived before the
// order was stored may or may not have become a dead letter.
func (o *oracle) final(orderID string, changes []change) {
	var all []fulfilmentUpdate
	for _, e := range o.bus.accepted {
		r, ok := readUpdate(e)
		if !ok || !slices.Contains(e.Resources, orderID) {
			continue
		}
		if !slices.Contains(e.stored, orderID) {
			return
		}
		all = append(all, r)
	}
	expected, settled := progressOf(changes[0].after).after(all)
	found := progressOf(changes[len(changes)-1].after)
	o.find(settled && !found.equal(expected), "%s: is %v, expected %v", o.short(orderID), found, expected)
}

// counted checks the metrics: an order is counted once, by the process that stored it, unless that
// process ended before, and a change at most once.
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
	applied := o.counts.of(orderID, "orderPackaged", "orderFulfilled", "orderFailed")
	o.find(applied > modified && !twins, "%s: changed %d times, counted %d times", o.short(orderID), modified, applied)
	if touched || changes[0].by == nil {
		return // a store cannot distinguish its own order, changed by another writer, from another order
	}
	for _, r := range o.creates {
		mine := r.name == changes[0].by.name
		o.find(r.order != nil && mine && created != 1, "%s: created by %s, but not counted", o.short(orderID), r.name)
	}
}

// isNext reports whether the change's date is the earliest possible one for its update. Two
// processes whose clocks are behind the date before give the same change the same date; one of them
// wrote it, and the other, if the response to its own write was lost, cannot know that it did not.
// Both may count it.
func (c change) isNext() bool {
	before, errBefore := time.Parse(time.RFC3339, c.before["modifiedDate"].(string))
	after, errAfter := time.Parse(time.RFC3339, c.after["modifiedDate"].(string))
	return errBefore == nil && errAfter == nil && after.Sub(before) <= maxLater
}
