package simulation

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
)

// The reference model is order.Progress with its updates, implemented a second time in the simplest
// way.

// statuses rise in this order.
var statuses = [...]string{"NEW", "PACKAGING_FAILED", "PACKAGED", "DELIVERY_FAILED", "FULFILLED"}

// A progress is what fulfilment may change of an order.
type progress struct {
	status string
	lines  []line
}

// A fulfilmentUpdate is the content of an event.
type fulfilmentUpdate struct {
	status string
	pack   map[string]int64 // quantities by product; nil unless it is a PackageCreated
}

// readUpdate reads an event for the service. It returns false if the event cannot be read.
func readUpdate(e event) (fulfilmentUpdate, bool) {
	switch e.Source + " " + e.Type {
	case "ecommerce.warehouse PackagingFailed":
		return fulfilmentUpdate{status: "PACKAGING_FAILED"}, true
	case "ecommerce.delivery DeliveryCompleted":
		return fulfilmentUpdate{status: "FULFILLED"}, true
	case "ecommerce.delivery DeliveryFailed":
		return fulfilmentUpdate{status: "DELIVERY_FAILED"}, true
	case "ecommerce.warehouse PackageCreated":
		var detail struct{ Products []packed }
		if json.Unmarshal(e.Detail, &detail) != nil {
			return fulfilmentUpdate{}, false
		}
		r := fulfilmentUpdate{status: "PACKAGED", pack: map[string]int64{}}
		for _, p := range detail.Products {
			if p.Quantity == nil {
				r.pack[p.ProductID] = math.MaxInt32
			} else if *p.Quantity > 0 {
				r.pack[p.ProductID] = *p.Quantity
			}
		}
		return r, true
	}
	return fulfilmentUpdate{}, false
}

// apply returns the order after an update.
func (f progress) apply(r fulfilmentUpdate) progress {
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

// after returns the order after all updates, in whatever order they arrive. It returns false if the
// contract does not define that, because the packages have no product of the order in common.
func (f progress) after(all []fulfilmentUpdate) (progress, bool) {
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
		f = f.apply(r)
	}
	return f, common
}

func rank(status string) int { return slices.Index(statuses[:], status) }

// progressOf returns the progress of a stored order.
func progressOf(stored map[string]any) progress {
	f := progress{status: stored["status"].(string)}
	for _, p := range stored["products"].([]any) {
		product := p.(map[string]any)
		f.lines = append(f.lines, line{product["productId"].(string), product["price"].(int64), product["quantity"].(int64)})
	}
	return f
}

// equal reports whether two states are equal.
func (f progress) equal(other progress) bool {
	return f.status == other.status && slices.Equal(f.lines, other.lines)
}

// isRecorded reports whether the history of an order has one more entry than before exactly if the
// status rose: the new status, with the date of the change. So each status is there once, the dates
// increase, and the last entry is the status.
func isRecorded(old, next map[string]any) bool {
	expected := slices.Clone(old["history"].([]any))
	if old["status"] != next["status"] {
		expected = append(expected, map[string]any{"status": next["status"], "date": next["modifiedDate"]})
	}
	return reflect.DeepEqual(expected, next["history"])
}

// othersEqual reports whether two states of a stored order are equal in all that fulfilment must
// not change, including the records of the remaining products.
func othersEqual(old, next map[string]any) bool {
	kept := func(stored map[string]any) map[string]any {
		rest := map[string]any{}
		for name, value := range stored {
			switch name {
			case "status", "products", "total", "modifiedDate", "history":
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
