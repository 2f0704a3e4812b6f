package simulation

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
)

// The reference model: section 7 of the contract, written a second time and as plainly as can be.

// statuses rise in this order.
var statuses = [...]string{"NEW", "PACKAGING_FAILED", "PACKAGED", "DELIVERY_FAILED", "FULFILLED"}

// A fulfilled is what fulfilment may change of an order.
type fulfilled struct {
	status string
	lines  []line
}

// A reported is what one event says.
type reported struct {
	status string
	pack   map[string]int64 // pieces by product; nil unless it is a package
}

// reportOf reads an event for the service. It is false for one that says nothing that can be understood.
func reportOf(e event) (reported, bool) {
	switch e.Source + " " + e.Type {
	case "ecommerce.warehouse PackagingFailed":
		return reported{status: "PACKAGING_FAILED"}, true
	case "ecommerce.delivery DeliveryCompleted":
		return reported{status: "FULFILLED"}, true
	case "ecommerce.delivery DeliveryFailed":
		return reported{status: "DELIVERY_FAILED"}, true
	case "ecommerce.warehouse PackageCreated":
		var detail struct{ Products []packed }
		if json.Unmarshal(e.Detail, &detail) != nil {
			return reported{}, false
		}
		r := reported{status: "PACKAGED", pack: map[string]int64{}}
		for _, p := range detail.Products {
			if p.Quantity == nil {
				r.pack[p.ProductID] = math.MaxInt32
			} else if *p.Quantity > 0 {
				r.pack[p.ProductID] = *p.Quantity
			}
		}
		return r, true
	}
	return reported{}, false
}

// follow is the order after a report.
func (f fulfilled) follow(r reported) fulfilled {
	if r.pack != nil {
		var left []line
		for _, l := range f.lines {
			if l.Quantity = min(l.Quantity, r.pack[l.ProductID]); l.Quantity > 0 {
				left = append(left, l)
			}
		}
		if left == nil {
			r.status = "PACKAGING_FAILED"
		} else {
			f.lines = left
		}
	}
	if rank(r.status) > rank(f.status) {
		f.status = r.status
	}
	return f
}

// after is the order after all reports, in whatever order they come. It is false where that is not settled by the
// contract: where the packages share no product of the order.
func (f fulfilled) after(all []reported) (fulfilled, bool) {
	shared := map[string]int{}
	packages := 0
	for _, r := range all {
		holdsAny := 0
		for _, l := range f.lines {
			if r.pack[l.ProductID] > 0 {
				shared[l.ProductID]++
				holdsAny = 1
			}
		}
		packages += holdsAny
	}
	common := packages == 0
	for _, n := range shared {
		common = common || n == packages
	}
	for _, r := range all {
		f = f.follow(r)
	}
	return f, common
}

func rank(status string) int { return slices.Index(statuses[:], status) }

// fulfilledOf reads a stored order.
func fulfilledOf(stored map[string]any) fulfilled {
	f := fulfilled{status: stored["status"].(string)}
	for _, p := range stored["products"].([]any) {
		product := p.(map[string]any)
		f.lines = append(f.lines, line{product["productId"].(string), product["price"].(int64), product["quantity"].(int64)})
	}
	return f
}

// equal compares two states.
func (f fulfilled) equal(other fulfilled) bool {
	return f.status == other.status && slices.Equal(f.lines, other.lines)
}

// othersEqual tells whether two states of a stored order agree in all that fulfilment must not change, what is
// recorded of every product left included.
func othersEqual(old, next map[string]any) bool {
	kept := func(stored map[string]any) map[string]any {
		rest := map[string]any{}
		for name, value := range stored {
			switch name {
			case "status", "products", "total", "modifiedDate":
			default:
				rest[name] = value
			}
		}
		return rest
	}
	records := map[string]any{}
	for _, p := range old["products"].([]any) {
		records[p.(map[string]any)["productId"].(string)] = withoutQuantity(p)
	}
	for _, p := range next["products"].([]any) {
		if !reflect.DeepEqual(records[p.(map[string]any)["productId"].(string)], any(withoutQuantity(p))) {
			return false
		}
	}
	return reflect.DeepEqual(kept(old), kept(next))
}

func withoutQuantity(product any) map[string]any {
	rest := map[string]any{}
	for name, value := range product.(map[string]any) {
		if name != "quantity" {
			rest[name] = value
		}
	}
	return rest
}
