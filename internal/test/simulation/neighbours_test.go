package simulation

import (
	"context"

	"orders/internal/order"
)

// neighbours are asked about every new order, and all have to agree.
var neighbours = [...]string{"delivery", "payment", "products", "users"}

// wrongPrice is a delivery price that delivery never agrees to.
const wrongPrice = 666

// A neighbour says yes or no, late or never.
type neighbour struct {
	history *history
	name    string
}

// Check is order.Checker's.
func (n *neighbour) Check(ctx context.Context, o order.Order) error {
	p := processOf(ctx)
	agrees := false
	f := n.history.scheduler.cross(&call{at: check, name: p.name + " asks " + n.name, ctx: ctx, by: p, crash: p.crash, do: func(fate) string {
		if agrees = n.agrees(o); !agrees {
			return "no"
		}
		p.agreed++
		return "yes"
	}})
	switch {
	case f != passes:
		return &order.Error{Kind: order.CheckFailed, Message: "Failure to contact the " + n.name + " service"}
	case !agrees:
		return &order.Error{Kind: order.Rejected, Message: n.name + " says no"}
	}
	return nil
}

// agrees is what the neighbour thinks. Payment may not agree to a token that was spent meanwhile.
func (n *neighbour) agrees(o order.Order) bool {
	switch n.name {
	case "delivery":
		return o.DeliveryPrice != wrongPrice
	case "payment":
		return !n.history.tokensGetSpent || n.history.table.items[o.OrderID] == nil
	}
	return true
}
