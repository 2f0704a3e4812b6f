package peer

import (
	"context"

	"orders/internal/order"
)

// Users checks that the order's user exists. It implements order.Checker.
type Users struct{ endpoint }

// NewUsers checks with the users API at baseURL.
func NewUsers(baseURL string, calls Calls) Users {
	return Users{newEndpoint("users", baseURL, "/backend/validate", calls)}
}

// Check returns nil if the peer says ok, Refused if it says no, and Unchecked if it says neither.
func (u Users) Check(ctx context.Context, o order.Order) error {
	return u.ask(ctx, struct {
		UserID string `json:"userId"`
	}{o.UserID}, func(a answer) error { return verdict(a, "Unknown user") })
}
