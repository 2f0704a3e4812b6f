package peer

import (
	"context"

	"orders/internal/order"
)

// Payment checks that the order's payment token is good for its total. It implements order.Checker.
type Payment struct{ endpoint }

// NewPayment checks with the payment API at baseURL.
func NewPayment(baseURL string, calls Calls) Payment {
	return Payment{newEndpoint("payment", baseURL, "/backend/validate", calls)}
}

// Check returns nil if the peer says ok, Refused if it says no, and Unchecked if it says neither.
func (p Payment) Check(ctx context.Context, o order.Order) error {
	return p.ask(ctx, struct {
		PaymentToken order.PaymentToken `json:"paymentToken"`
		Total        int64              `json:"total"`
	}{o.PaymentToken, o.Total}, func(a answer) error { return verdict(a, "Wrong payment token") })
}
