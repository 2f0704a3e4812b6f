package simulation

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// fulfilment is warehouse and delivery, which react to new orders, and sometimes send invalid
// updates.
type fulfilment struct {
	history *history
	known   map[string]bool // orders that the warehouse has received
	unusual bool            // whether they send packages without a common product, and updates for several, unknown or no orders
}

// A packed is an entry of a PackageCreated.
type packed struct {
	ProductID string `json:"productId"`
	Quantity  *int64 `json:"quantity,omitempty"`
}

// A plannedUpdate is an update that will be put on the bus.
type plannedUpdate struct {
	source, kind string
	products     []packed
	raw          json.RawMessage // instead of products
	others       []string        // more orders in its resources
}

// react plans the updates of a new order; it is the target of OrderCreated.
func (f *fulfilment) react(attempt string, e event) error {
	var created struct {
		OrderID  string
		Products []struct {
			ProductID string
			Quantity  int64
		}
	}
	decode(e.Detail, &created)
	lines := make([]line, len(created.Products))
	for i, p := range created.Products {
		lines[i] = line{ProductID: p.ProductID, Quantity: p.Quantity}
	}
	f.history.scheduler.cross(&call{at: others, name: attempt + " warehouse", do: func(fate) string {
		if f.known[created.OrderID] {
			return "duplicate"
		}
		f.known[created.OrderID] = true
		random := f.history.source("fulfilment of " + f.history.short(created.OrderID))
		plan, spread := f.plan(random, lines), []int{1, 4, 80}[random.IntN(3)]
		for n, s := range plan {
			wait := time.Duration(random.IntN(spread)) * quantum
			f.history.scheduler.spawn(func() {
				f.send(fmt.Sprintf("%s update %d", f.history.short(created.OrderID), n), created.OrderID, s, wait)
			})
		}
		return fmt.Sprintf("sends %d", len(plan))
	}})
	return nil
}

// plan draws the updates of an order. Unless they are unusual, all packages contain the order's
// first product.
func (f *fulfilment) plan(random *rand.Rand, lines []line) []plannedUpdate {
	var plan []plannedUpdate
	for range 1 + random.IntN(3) {
		s := plannedUpdate{source: "ecommerce.warehouse", kind: "PackageCreated"}
		switch n := random.IntN(10); {
		case n < 5:
			s.products = packSome(random, lines)
		case n == 5:
			s.products = []packed{} // send adds the warehouse's own row
		case n == 6:
			s.kind = "PackagingFailed"
		case n == 7:
			s.source, s.kind = "ecommerce.delivery", "DeliveryFailed"
		default:
			s.source, s.kind = "ecommerce.delivery", "DeliveryCompleted"
		}
		plan = append(plan, s)
	}
	if f.unusual {
		plan = append(plan, f.unusualUpdate(random, lines))
	}
	return plan
}

// packSome packs the first product and any part of the others, sometimes more than was ordered.
func packSome(random *rand.Rand, lines []line) []packed {
	var pack []packed
	for i, l := range lines {
		p := packed{ProductID: l.ProductID}
		least := min(1, int64(1-i)) // 1 for the first product, otherwise 0 or below
		if quantity := max(least, random.Int64N(l.Quantity+2)-1); random.IntN(4) > 0 {
			p.Quantity = &quantity
		}
		if i == 0 || random.IntN(3) > 0 {
			pack = append(pack, p)
		}
	}
	return pack
}

func (f *fulfilment) unusualUpdate(random *rand.Rand, lines []line) plannedUpdate {
	s := plannedUpdate{source: "ecommerce.warehouse", kind: "PackageCreated"}
	switch random.IntN(4) {
	case 0: // a package that may have no product in common with the others
		s.products = []packed{{ProductID: lines[len(lines)-1].ProductID}}
	case 1:
		s.products, s.others = packSome(random, lines), []string{f.history.anyOrder(random)}
	case 2:
		s.kind, s.others = "PackagingFailed", []string{f.history.unknownOrder}
	case 3:
		s.raw = json.RawMessage(`{"products": "none"}`)
	}
	return s
}

// send puts an update on the bus.
func (f *fulfilment) send(name, orderID string, s plannedUpdate, wait time.Duration) {
	time.Sleep(wait)
	detail := s.raw
	if detail == nil {
		own := packed{ProductID: "__metadata"}
		detail = encode(map[string]any{"orderId": orderID, "products": append([]packed{own}, s.products...)})
	}
	f.history.scheduler.cross(&call{at: others, name: name, do: func(fate) string {
		return f.history.bus.accept(s.source, s.kind, append([]string{orderID}, s.others...), detail)
	}})
}

// editByHand adds an attribute to an order, as an operator may.
func (h *history) editByHand(name string, random *rand.Rand, attribute string, value types.AttributeValue) {
	time.Sleep(time.Duration(random.IntN(80)) * quantum)
	h.scheduler.cross(&call{at: others, name: name, do: func(fate) string {
		orderID := h.anyOrder(random)
		if h.table.items[orderID] == nil {
			return "no such order"
		}
		h.table.touch(orderID, attribute, value, time.Now())
		return h.short(orderID) + " gets " + attribute
	}})
}
