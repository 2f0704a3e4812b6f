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
	a, err := d.ask(ctx, struct {
		Products []order.Product `json:"products"`
		Address  order.Address   `json:"address"`
	}{o.Products, o.Address})
	if err != nil {
		return err
	}
	expected, ok := parsePrice(a["pricing"])
	if !ok {
		return d.unchecked(errors.New("answered without a price"))
	}
	if !expected.is(o.DeliveryPrice) {
		return refused(fmt.Sprintf("Wrong delivery price: got %d, expected %v", o.DeliveryPrice, expected))
	}
	return nil
}
