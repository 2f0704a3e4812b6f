package order

import "slices"

// A Status says how far an order has come.
type Status string

// The statuses, from the lowest to the highest. The status of an order only rises: updates arrive
// late, repeatedly and in any order, and the highest status is the same in whichever order they
// arrive.
const (
	New             Status = "NEW"
	PackagingFailed Status = "PACKAGING_FAILED"
	Packaged        Status = "PACKAGED"
	DeliveryFailed  Status = "DELIVERY_FAILED"
	Fulfilled       Status = "FULFILLED"
)

// Statuses returns all statuses, from the lowest to the highest.
func Statuses() []Status { return []Status{New, PackagingFailed, Packaged, DeliveryFailed, Fulfilled} }

// Known reports whether this version knows the status. An order in any other is left unchanged.
func (s Status) Known() bool { return s.rank() >= 0 }

// Max returns the higher of two known statuses.
func (s Status) Max(other Status) Status {
	if other.rank() > s.rank() {
		return other
	}
	return s
}

func (s Status) rank() int { return slices.Index(Statuses(), s) }

// A History holds the statuses of an order with the dates at which it rose to them, oldest first.
// An order that the original platform wrote has none until it rises.
type History []HistoryEntry

// A HistoryEntry says when an order rose to a status.
type HistoryEntry struct {
	Status Status `json:"status"`
	Date   Date   `json:"date"`
}

// with returns a history in which the status has an entry: h, or a copy with one more.
func (h History) with(s Status, date Date) History {
	if slices.ContainsFunc(h, func(e HistoryEntry) bool { return e.Status == s }) {
		return h
	}
	return append(slices.Clip(h), HistoryEntry{s, date})
}
