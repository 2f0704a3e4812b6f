package order

import "slices"

// Progress is the part of an order that fulfilment reads and changes, and all that the function which follows events
// may see of it.
type Progress struct {
	OrderID       string
	Status        Status
	Lines         []Line // as many, and in the order of, the order's products
	DeliveryPrice int64  // minor units
	Total         int64  // minor units
	ModifiedDate  Date
}

// Progress is how far the order has come.
func (o Order) Progress() Progress {
	return Progress{
		OrderID:       o.OrderID,
		Status:        o.Status,
		Lines:         linesOf(o.Products),
		DeliveryPrice: o.DeliveryPrice,
		Total:         o.Total,
		ModifiedDate:  o.ModifiedDate,
	}
}

// Equal tells whether p and other are the same in everything.
func (p Progress) Equal(other Progress) bool {
	return p.OrderID == other.OrderID && p.Status == other.Status && p.Total == other.Total &&
		p.DeliveryPrice == other.DeliveryPrice && p.ModifiedDate == other.ModifiedDate && slices.Equal(p.Lines, other.Lines)
}

// A FulfilmentUpdate is what warehouse or delivery says of an order.
type FulfilmentUpdate struct {
	Status  Status          // what the order is to become, if it is not further already
	Package []PackedProduct // what was packed; read only where Status is Packaged
}

// PackedProduct is one line of a package. Lines that name no product of the order mean nothing: the warehouse always sends
// one for its own bookkeeping.
type PackedProduct struct {
	ProductID string
	Quantity  int64 // pieces, below 1 if none was packed; AsOrdered where the package does not say
}

// AsOrdered is the quantity of a packed line that gives none: as many as the order has.
const AsOrdered = MaxInteger

// apply is the order's progress after a report, and the status that the report asked for in effect: a package that
// holds nothing of the order is a failed packing. Status only rises and quantities only fall, so that reports may
// come late, twice and in any order (contract, section 7). A changed progress keeps its modifiedDate.
func (p Progress) apply(r FulfilmentUpdate) (after Progress, effect Status, err error) {
	after, effect = p, r.Status
	if r.Status == Packaged {
		lines, holdsAny := cut(p.Lines, r.Package)
		if !holdsAny {
			effect = PackagingFailed
		} else if !slices.Equal(lines, p.Lines) {
			after.Lines = lines
			if after.Total, err = total(lines, p.DeliveryPrice); err != nil {
				return p, effect, err
			}
		}
	}
	after.Status = p.Status.Max(effect)
	return after, effect, nil
}

// cut is lines with the smaller of the ordered and the packed quantity each, 0 where nothing was packed.
func cut(lines []Line, pack []PackedProduct) (left []Line, holdsAny bool) {
	packed := make(map[string]int64, len(pack))
	for _, entry := range pack {
		packed[entry.ProductID] += max(0, min(entry.Quantity, MaxInteger))
	}
	left = slices.Clone(lines)
	for i, line := range lines {
		left[i].Quantity = min(line.Quantity, packed[line.ProductID])
		if left[i].Quantity < 1 {
			left[i].Quantity = 0
		} else {
			holdsAny = true
		}
	}
	return left, holdsAny
}
