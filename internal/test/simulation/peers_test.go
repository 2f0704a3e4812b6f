package simulation

import (
	"context"

	"orders/internal/order"
)

// peers check every new order, and all of them must accept it.
var peers = [...]string{"delivery", "payment", "products", "users"}

// wrongPrice is a delivery price that delivery rejects.
const wrongPrice = 666

// A fakePeer accepts or rejects an order, late or never.
type fakePeer struct {
	history *history
	name    string
}

// Peer implements order.Checker.
func (n *fakePeer) Peer() string { return n.name }

// Check implements order.Checker.
func (n *fakePeer) Check(ctx context.Context, o order.Order) error {
	p := processOf(ctx)
	accepts := false
	f := n.history.scheduler.cross(&call{at: check, name: p.name + " calls " + n.name, ctx: ctx, by: p, crash: p.crash, do: func(fate) string {
		if accepts = n.accepts(o); !accepts {
			return "rejects"
		}
		p.accepted++
		return "accepts"
	}})
	switch {
	case f != passes:
		return &order.Error{Kind: order.CheckFailed, Message: "Failure to contact the " + n.name + " service"}
	case !accepts:
		return &order.Error{Kind: order.Rejected, Message: n.name + " rejects it"}
	}
	return nil
}

// accepts reports whether the peer accepts an order. Payment may reject a token that was used in
// the meantime.
func (n *fakePeer) accepts(o order.Order) bool {
	switch n.name {
	case "delivery":
		return o.DeliveryPrice != wrongPrice
	case "payment":
		return !n.history.rejectsSpentTokens || n.history.table.items[o.OrderID] == nil
	}
	return true
}
