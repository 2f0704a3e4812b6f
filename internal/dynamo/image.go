package dynamo

import (
	"cmp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orders/internal/order"
)

// imageOf is the image of an item as the SDK gives it. Its values are canonical: members sorted by name, sets sorted,
// no blanks, nothing escaped that need not be. Numbers keep all their digits; binary values are base64 text, sets are
// arrays. The error tells the place of a value of no known type.
func imageOf(stored map[string]types.AttributeValue) (order.Image, error) {
	image := make(order.Image, 0, len(stored))
	for name, value := range stored {
		plain, err := appendValue(append(appendString(nil, name), ':'), value, 1)
		if err != nil {
			return nil, within(name, err)
		}
		image = append(image, order.Attribute{Name: name, Member: plain})
	}
	slices.SortFunc(image, func(a, b order.Attribute) int { return cmp.Compare(a.Name, b.Name) })
	return image, nil
}
