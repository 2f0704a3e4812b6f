package simulation

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
)

// answered checks the responses to creates.
func (o *oracle) answered() {
	for _, c := range o.customers {
		o.find(!c.settled, "%s: never got a final response", c.name)
	}
	for _, r := range o.creates {
		o.promise(r)
		changes := o.orders[r.customer.purchase.orderID()]
		wrongPriced := r.customer.purchase.DeliveryPrice == wrongPrice
		switch r.status {
		case http.StatusUnprocessableEntity:
			o.find(!wrongPriced, "%s: rejected, although no peer rejected a new order", r.name)
		case http.StatusConflict:
			o.find(len(changes) == 0 || r.customer.purchase.matchesNew(changes[0].after), "%s: the token counts as used", r.name)
		}
		o.find(r.customer.again && r.order == nil, "%s: repeated the request of a stored order and got %d", r.name, r.status)
	}
	o.find(len(o.table.records) != o.settled, "repeating the requests of stored orders wrote to the table")
}

// promise checks a response that says that the order is stored.
func (o *oracle) promise(r createResult) {
	if r.order == nil {
		return
	}
	w := r.customer.purchase
	changes := o.orders[w.orderID()]
	if len(changes) == 0 {
		o.find(true, "%s: got an order that is not stored", r.name)
		return
	}
	var shown map[string]any
	for _, c := range changes {
		if c.after["modifiedDate"] == r.order["modifiedDate"] {
			shown = c.after
		}
	}
	o.find(!reflect.DeepEqual(public(shown), public(r.order)), "%s: got an order that was never like this", r.name)
	o.find(shown != nil && !w.matchesStored(shown), "%s: got somebody else's order", r.name)
	if r.customer.direct {
		return
	}
	o.find(r.order["paymentToken"] != nil, "%s: got a payment token", r.name)
	created := changes[0].by != nil && changes[0].by.name == r.name
	touched := slices.ContainsFunc(changes, func(c change) bool { return c.by == nil })
	o.find(!created && r.status == http.StatusCreated, "%s: got 201 for an order that %s stored", r.name, changes[0].by.name)
	o.find(created && !touched && r.status != http.StatusCreated, "%s: stored the order, but got %d", r.name, r.status)
}

// public returns what a response may contain of an order.
func public(stored map[string]any) map[string]any {
	shown := maps.Clone(stored)
	for _, name := range []string{"paymentToken", "note", "poison"} {
		delete(shown, name)
	}
	return shown
}

// seen checks the responses to gets of one order.
func (o *oracle) seen() {
	for _, s := range o.gets {
		o.find(s.due && s.status == http.StatusNotFound, "%s: does not find a stored order", s.customer.name)
		o.find(s.order != nil && s.order["userId"] != s.customer.purchase.User, "%s: got somebody else's order", s.customer.name)
	}
}
