package order

import (
	"fmt"
	"strings"
)

// ParsePackageCreated reads the detail of a PackageCreated event: what the warehouse packed. The error, for operators, tells
// the places of the first faults.
func ParsePackageCreated(detail []byte) ([]PackedProduct, error) {
	var found faults
	document, err := parseDocument(detail, &found)
	if err != nil {
		return nil, fmt.Errorf("package: %w", err)
	}
	o := newObject(document, nil, &found)
	items, at := o.array("products", 0, maxPackedLines)
	packed := make([]PackedProduct, 0, len(items))
	for i, item := range items {
		entry := newObject(item, at.item(i), &found)
		line := PackedProduct{ProductID: entry.text("productId"), Quantity: AsOrdered}
		if entry.has("quantity") {
			line.Quantity, _ = entry.anyInteger("quantity")
		}
		packed = append(packed, line)
	}
	if len(found.texts) > 0 {
		return nil, fmt.Errorf("package: %s", strings.Join(found.texts[:min(3, len(found.texts))], ", "))
	}
	return packed, nil
}

// maxPackedLines is far above what any package of at most MaxProducts lines and the warehouse's own rows comes to.
const maxPackedLines = 100_000
