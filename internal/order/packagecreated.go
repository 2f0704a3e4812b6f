package order

import (
	"fmt"
	"math"
	"strings"

	"orders/internal/strictjson"
)

// ParsePackageCreated reads the detail of a PackageCreated event: what the warehouse packed. The error, for operators, tells
// the places of the first faults.
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

// maxPackedLines is far above what any package of at most MaxProducts lines and the warehouse's own rows comes to.
const maxPackedLines = 100_000
