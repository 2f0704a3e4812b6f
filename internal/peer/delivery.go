package peer

import (
	"context"
	"errors"
	"fmt"

	"orders/internal/order"
)

// Delivery checks that the order's delivery price is the one that delivery-pricing asks. It implements order.Checker.
type Delivery struct{ endpoint }

// NewDelivery checks with the delivery-pricing API at baseURL.
func NewDelivery(baseURL string, calls Calls) Delivery {
	return Delivery{newEndpoint("delivery", baseURL, "/backend/pricing", calls)}
}

// Check returns nil if the prices are equal, Refused if they differ, and Unchecked if the peer names none.
func (d Delivery) Check(ctx context.Context, o order.Order) error {
	return d.ask(ctx, struct {
		Products []order.Product `json:"products"`
		Address  order.Address   `json:"address"`
	}{o.Products, o.Address}, func(a answer) error { return comparePrice(a, o.DeliveryPrice) })
}

func comparePrice(a answer, price int64) error {
	expected, ok := parsePrice(a["pricing"])
	if !ok {
		return errors.New("answered without a price")
	}
	if !expected.is(price) {
		return refused(fmt.Sprintf("Wrong delivery price: got %d, expected %v", price, expected))
	}
	return nil
}
