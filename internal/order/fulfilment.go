package order

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"orders/internal/strictjson"
)

// A FulfilmentUpdate is what warehouse or delivery report about an order.
type FulfilmentUpdate struct {
	Status  Status          // what the order rises to, if it is not higher already
	Package []PackedProduct // what was packed, if Status is Packaged
}

// A PackedProduct is one line of a package. Lines that name no product of the order are ignored:
// the warehouse always sends one for its own bookkeeping.
type PackedProduct struct {
	ProductID string
	Quantity  int64 // pieces; below 1 if none was packed, AsOrdered if the package does not say
}

// AsOrdered is the quantity of a packed line that gives none: as many as the order has.
const AsOrdered = MaxInteger

// maxPackedLines is far above a package of MaxProducts lines and the warehouse's own rows.
const maxPackedLines = 100_000

// ParsePackageCreated reads the detail of a PackageCreated event: what the warehouse packed. The
// error, for operators, names the places of the first three errors.
func ParsePackageCreated(detail []byte) ([]PackedProduct, error) {
	o, err := strictjson.Parse(detail)
	if err != nil {
		return nil, fmt.Errorf("package: %w", err)
	}
	packed := []PackedProduct{}
	for _, entry := range o.Objects("products", 0, maxPackedLines) {
		line := PackedProduct{ProductID: entry.String("productId"), Quantity: AsOrdered}
		if entry.Has("quantity") {
			line.Quantity = entry.Integer("quantity", math.MinInt64, math.MaxInt64)
		}
		packed = append(packed, line)
	}
	if errs := o.Errors(); errs != nil {
		return nil, fmt.Errorf("package: %s", strings.Join(errs[:min(3, len(errs))], ", "))
	}
	return packed, nil
}

// Progress is the part of an order that fulfilment reads and changes, and all that on-events may
// see of it.
type Progress struct {
	OrderID       string
	Status        Status
	Lines         []Line // one for each of the order's products, in their order
	DeliveryPrice int64  // minor units
	Total         int64  // minor units
	ModifiedDate  Date
	History       History
	keepsHistory  bool // whether the stored history must stay as it is, because it cannot be read
}

// Progress returns how far the order has come.
func (o Order) Progress() Progress {
	return Progress{
		OrderID:       o.OrderID,
		Status:        o.Status,
		Lines:         linesOf(o.Products),
		DeliveryPrice: o.DeliveryPrice,
		Total:         o.Total,
		ModifiedDate:  o.ModifiedDate,
		History:       o.History,
		keepsHistory:  o.keepsHistory,
	}
}

// Clone returns a copy with lines of its own.
func (p Progress) Clone() Progress {
	p.Lines = slices.Clone(p.Lines)
	return p
}

// Equal reports whether p and other are the same in everything.
func (p Progress) Equal(other Progress) bool {
	return p.OrderID == other.OrderID && p.Status == other.Status && p.Total == other.Total &&
		p.DeliveryPrice == other.DeliveryPrice && p.ModifiedDate == other.ModifiedDate &&
		p.keepsHistory == other.keepsHistory && slices.Equal(p.Lines, other.Lines) && slices.Equal(p.History, other.History)
}

// ProgressAttributes returns the names of the attributes that make up a Progress.
func ProgressAttributes() []string {
	return []string{"orderId", "status", "products", "total", "deliveryPrice", "modifiedDate", "history"}
}

// A Result is the result of applying an update.
type Result struct {
	Status  Status // of the order now; if this version does not know it, the order was left unchanged
	Effect  Status // what the update asked for in effect: PackagingFailed for a package that holds nothing of the order
	Changed bool   // whether the order changed; a stale or duplicate update changes nothing
}

// Apply applies an update from warehouse or delivery to an order. The error is NotFound if there is
// no such order (none is created), Unreadable if what the update concerns cannot be read, and
// Unavailable if the store failed. After each, applying the update again is safe.
func (s *Service) Apply(ctx context.Context, orderID string, u FulfilmentUpdate) (Result, error) {
	if !ValidID(orderID) {
		return Result{}, ErrNotFound
	}
	var result Result
	changed, err := s.Store.Update(ContextWithOrderID(ctx, orderID), orderID, func(before Progress) (Progress, error) {
		result = Result{Status: before.Status}
		if !before.Status.Known() {
			return before, nil
		}
		after, effect, err := before.apply(u)
		if err != nil {
			return before, unreadable(&UnreadableItem{OrderID: orderID, Reason: "/total: " + err.Error()})
		}
		result = Result{Status: after.Status, Effect: effect}
		if after.Equal(before) {
			return before, nil
		}
		if after.ModifiedDate, err = before.ModifiedDate.Next(s.now()); err != nil {
			return before, unreadable(&UnreadableItem{OrderID: orderID, Reason: "/modifiedDate: " + err.Error()})
		}
		if after.Status != before.Status && !before.keepsHistory {
			after.History = before.History.with(after.Status, after.ModifiedDate)
		}
		return after, nil
	})
	result.Changed = changed
	return result, err
}

// apply returns the progress after an update, with its old modifiedDate, and the status that the
// update asked for in effect: a package that holds nothing of the order is a failed packing. The
// status only rises and quantities only decrease, so that updates may arrive late, repeatedly and
// in any order.
func (p Progress) apply(u FulfilmentUpdate) (after Progress, effect Status, err error) {
	after, effect = p, u.Status
	if u.Status == Packaged {
		lines, holdsAny := reduce(p.Lines, u.Package)
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

// reduce returns lines with the smaller of the ordered and the packed quantity each, 0 if nothing
// was packed, and reports whether the package holds any of them.
func reduce(lines []Line, pack []PackedProduct) (reduced []Line, holdsAny bool) {
	packed := make(map[string]int64, len(pack))
	for _, entry := range pack {
		packed[entry.ProductID] += max(0, min(entry.Quantity, MaxInteger))
	}
	reduced = slices.Clone(lines)
	for i, line := range lines {
		reduced[i].Quantity = max(0, min(line.Quantity, packed[line.ProductID]))
		holdsAny = holdsAny || reduced[i].Quantity > 0
	}
	return reduced, holdsAny
}
