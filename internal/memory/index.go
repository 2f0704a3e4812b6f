package memory

import (
	"cmp"
	"slices"

	"orders/internal/order"
)

// An index holds each user's list of orders, oldest first, so that a new order goes to the end. As in the table's
// index, dates are compared as text, and an order without user or date is in nobody's list.
type index map[string][]order.Position

func (x index) add(i *item) {
	if !listed(i) {
		return
	}
	places := x[i.userID]
	at, _ := slices.BinarySearchFunc(places, i.place, compare)
	x[i.userID] = slices.Insert(places, at, i.place)
}

func (x index) remove(i *item) {
	if !listed(i) {
		return
	}
	places := x[i.userID]
	if at, found := slices.BinarySearchFunc(places, i.place, compare); found {
		x[i.userID] = slices.Delete(places, at, at+1)
	}
}

// page is at most limit places of the user's list before a position, newest first, and whether more follow.
func (x index) page(userID string, limit int, after *order.Position) (places []order.Position, more bool) {
	older := x[userID]
	if after != nil {
		at, _ := slices.BinarySearchFunc(older, *after, compare)
		older = older[:at]
	}
	least := max(0, len(older)-limit)
	places = slices.Clone(older[least:])
	slices.Reverse(places)
	return places, least > 0
}

func listed(i *item) bool { return i.userID != "" && i.place.CreatedDate != "" }

func compare(a, b order.Position) int {
	return cmp.Or(cmp.Compare(a.CreatedDate, b.CreatedDate), cmp.Compare(a.OrderID, b.OrderID))
}
