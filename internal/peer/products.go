package peer

import (
	"context"
	"encoding/json"
	"errors"

	"orders/internal/order"
)

// Products checks that the order's products are those of the catalogue. It implements order.Checker.
type Products struct{ endpoint }

// NewProducts checks with the products API at baseURL.
func NewProducts(baseURL string, calls Calls) Products {
	return Products{newEndpoint("products", baseURL, "/backend/validate", calls)}
}

// Check returns nil if the peer has nothing to correct, Refused with its reasons if it sends products as they should
// be, and Unchecked if it sends anything else.
func (p Products) Check(ctx context.Context, o order.Order) error {
	return p.ask(ctx, struct {
		Products []order.Product `json:"products"`
	}{o.Products}, findCorrections)
}

// findCorrections returns nil if there are none, and otherwise the refusal with the peer's reasons.
func findCorrections(a answer) error {
	raw, ok := a["products"]
	if !ok {
		return nil
	}
	var corrections []json.RawMessage
	if json.Unmarshal(raw, &corrections) != nil {
		return errors.New("answered with products that are no list")
	}
	if len(corrections) == 0 { // null as well
		return nil
	}
	return refused(reasons(a))
}

// reasons is what the peer says is wrong with the products. The corrections alone are a no already, so a peer that
// gives no reason is taken at its word.
func reasons(a answer) string {
	var message string
	if json.Unmarshal(a["message"], &message) != nil || message == "" {
		return "Wrong products"
	}
	return message
}
