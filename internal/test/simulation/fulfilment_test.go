package simulation

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// fulfilment is warehouse and delivery, which react to orders, and now and then send what makes little sense.
type fulfilment struct {
	history *history
	known   map[string]bool // orders that the warehouse has reacted to
	tricks  bool            // whether they send packages that have nothing in common, and events about several orders or none
}

// A packed is one entry of a PackageCreated.
type packed struct {
	ProductID string `json:"productId"`
	Quantity  *int64 `json:"quantity,omitempty"`
}

// A sending is an event that is about to be put on the bus.
type sending struct {
	source, kind string
	products     []packed
	raw          json.RawMessage // instead of products
	others       []string        // more orders that it is about
}

// react is the target of OrderCreated.
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
	f.history.scheduler.cross(&call{at: world, name: attempt + " warehouse", do: func(fate) string {
		if f.known[created.OrderID] {
			return "knows it"
		}
		f.known[created.OrderID] = true
		random := f.history.source("fulfilment of " + f.history.short(created.OrderID))
		plan, spread := f.plan(random, lines), []int{1, 4, 80}[random.IntN(3)]
		for n, s := range plan {
			wait := time.Duration(random.IntN(spread)) * quantum
			f.history.scheduler.spawn(func() {
				f.send(fmt.Sprintf("%s sending %d", f.history.short(created.OrderID), n), created.OrderID, s, wait)
			})
		}
		return fmt.Sprintf("sends %d", len(plan))
	}})
	return nil
}

// plan draws what will be reported of an order. Without tricks all packages share the order's first product.
func (f *fulfilment) plan(random *rand.Rand, lines []line) []sending {
	var plan []sending
	for range 1 + random.IntN(3) {
		s := sending{source: "ecommerce.warehouse", kind: "PackageCreated"}
		switch n := random.IntN(10); {
		case n < 5:
			s.products = packSome(random, lines)
		case n == 5:
			s.products = []packed{} // the warehouse's own row comes with it
		case n == 6:
			s.kind = "PackagingFailed"
		case n == 7:
			s.source, s.kind = "ecommerce.delivery", "DeliveryFailed"
		default:
			s.source, s.kind = "ecommerce.delivery", "DeliveryCompleted"
		}
		plan = append(plan, s)
	}
	if f.tricks {
		plan = append(plan, f.trick(random, lines))
	}
	return plan
}

// packSome packs the first product, and any part of the others, more than was ordered included.
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

func (f *fulfilment) trick(random *rand.Rand, lines []line) sending {
	s := sending{source: "ecommerce.warehouse", kind: "PackageCreated"}
	switch random.IntN(4) {
	case 0: // a package that may have nothing in common with the others
		s.products = []packed{{ProductID: lines[len(lines)-1].ProductID}}
	case 1:
		s.products, s.others = packSome(random, lines), []string{f.history.anyOrder(random)}
	case 2:
		s.kind, s.others = "PackagingFailed", []string{f.history.nobodys}
	case 3:
		s.raw = json.RawMessage(`{"products": "none"}`)
	}
	return s
}

// send puts one event on the bus, once or twice.
func (f *fulfilment) send(name, orderID string, s sending, wait time.Duration) {
	time.Sleep(wait)
	detail := s.raw
	if detail == nil {
		own := packed{ProductID: "__metadata"}
		detail = encode(map[string]any{"orderId": orderID, "products": append([]packed{own}, s.products...)})
	}
	f.history.scheduler.cross(&call{at: world, name: name, do: func(fate) string {
		return f.history.bus.accept(s.source, s.kind, append([]string{orderID}, s.others...), detail)
	}})
}

// meddle is what an operator does to orders by hand.
func (h *history) meddle(name string, random *rand.Rand, attribute string, value types.AttributeValue) {
	time.Sleep(time.Duration(random.IntN(80)) * quantum)
	h.scheduler.cross(&call{at: world, name: name, do: func(fate) string {
		orderID := h.anyOrder(random)
		if h.table.items[orderID] == nil {
			return "finds nothing"
		}
		h.table.touch(orderID, attribute, value, time.Now())
		return h.short(orderID) + " gets " + attribute
	}})
}
