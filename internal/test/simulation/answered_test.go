package simulation

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
)

// answered judges what customers were told.
func (o *oracle) answered() {
	for _, c := range o.customers {
		o.find(!c.settled, "%s: never got an answer", c.name)
	}
	for _, r := range o.replies {
		o.promise(r)
		changes := o.orders[r.customer.wish.orderID()]
		wrongPriced := r.customer.wish.DeliveryPrice == wrongPrice
		switch r.status {
		case http.StatusUnprocessableEntity:
			o.find(!wrongPriced, "%s: refused, although no neighbour said no to a new order", r.name)
		case http.StatusConflict:
			o.find(len(changes) == 0 || r.customer.wish.madeOrder(changes[0].after), "%s: told that the token is used", r.name)
		}
		o.find(r.customer.again && r.order == nil, "%s: asked again for a stored order and got %d", r.name, r.status)
	}
	o.find(len(o.table.records) != o.settled, "asking again for what is stored wrote to the table")
}

// promise judges an answer that says that the order is stored.
func (o *oracle) promise(r reply) {
	if r.order == nil {
		return
	}
	w := r.customer.wish
	changes := o.orders[w.orderID()]
	if len(changes) == 0 {
		o.find(true, "%s: told of an order that is not stored", r.name)
		return
	}
	var shown map[string]any
	for _, c := range changes {
		if c.after["modifiedDate"] == r.order["modifiedDate"] {
			shown = c.after
		}
	}
	o.find(!reflect.DeepEqual(public(shown), public(r.order)), "%s: told of an order that was never so", r.name)
	o.find(shown != nil && !w.stillMeans(shown), "%s: told that somebody else's order is theirs", r.name)
	if r.customer.direct {
		return
	}
	o.find(r.order["paymentToken"] != nil, "%s: shown a payment token", r.name)
	created := changes[0].by != nil && changes[0].by.name == r.name
	touched := slices.ContainsFunc(changes, func(c change) bool { return c.by == nil })
	o.find(!created && r.status == http.StatusCreated, "%s: told that it created an order that %s stored", r.name, changes[0].by.name)
	o.find(created && !touched && r.status != http.StatusCreated, "%s: stored the order, but was answered with %d", r.name, r.status)
}

// public is what everybody may see of an order who may see it at all.
func public(stored map[string]any) map[string]any {
	shown := maps.Clone(stored)
	for _, name := range []string{"paymentToken", "note", "poison"} {
		delete(shown, name)
	}
	return shown
}

// seen judges what customers saw when reading an order by its id.
func (o *oracle) seen() {
	for _, s := range o.sights {
		o.find(s.due && s.status == http.StatusNotFound, "%s: does not find the order that was promised", s.customer.name)
		o.find(s.order != nil && s.order["userId"] != s.customer.wish.User, "%s: sees somebody else's order", s.customer.name)
	}
}

// listed judges the lists that users read in the end.
func (o *oracle) listed() {
	for _, l := range o.lists {
		var theirs []string
		for orderID, stored := range o.table.items {
			if textOf(stored, "userId") == l.user {
				theirs = append(theirs, orderID)
			}
		}
		slices.Sort(theirs)
		found := slices.Sorted(slices.Values(l.ids))
		o.find(l.fail != 0 || !slices.Equal(theirs, found), "%s: has %d orders, and a list of %d (status %d)", l.user, len(theirs), len(found), l.fail)
	}
}
