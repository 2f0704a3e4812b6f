package order

// A Status says how far an order has come.
type Status string

// The statuses, from the lowest to the highest. The status of an order only rises: updates arrive
// late, repeatedly and in any order, and the highest status is the same in whichever order they
// arrive (contract, section 7).
const (
	New             Status = "NEW"
	PackagingFailed Status = "PACKAGING_FAILED"
	Packaged        Status = "PACKAGED"
	DeliveryFailed  Status = "DELIVERY_FAILED"
	Fulfilled       Status = "FULFILLED"
)

// Known reports whether this version knows the status. An order in any other is left unchanged.
func (s Status) Known() bool { return s.rank() >= 0 }

// Max returns the higher of two known statuses.
func (s Status) Max(other Status) Status {
	if other.rank() > s.rank() {
		return other
	}
	return s
}

func (s Status) rank() int {
	switch s {
	case New:
		return 0
	case PackagingFailed:
		return 1
	case Packaged:
		return 2
	case DeliveryFailed:
		return 3
	case Fulfilled:
		return 4
	}
	return -1
}
