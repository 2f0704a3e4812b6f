package dynamo

import (
	"cmp"
	"slices"

	"orders/internal/dynamo/streamimage"
	"orders/internal/order"
)

// imageOf is the image of an item as the SDK gives it, with canonical values. The error tells the place of a value of no
// known type.
func imageOf(stored item) (order.Image, error) {
	attributes := make(order.Image, 0, len(stored))
	for name, value := range stored {
		plain, err := appendValue(append(streamimage.AppendString(nil, name), ':'), value, 1)
		if err != nil {
			return nil, streamimage.Within(name, err)
		}
		attributes = append(attributes, order.Attribute{Name: name, Member: plain})
	}
	slices.SortFunc(attributes, func(a, b order.Attribute) int { return cmp.Compare(a.Name, b.Name) })
	return attributes, nil
}
