package order

import (
	"context"

	"github.com/google/uuid"
)

// namespace belongs to this service alone: IDs derived in it mean nothing elsewhere. Changing it
// would let every payment token buy a second order.
var namespace = uuid.UUID{0x6f, 0x1d, 0x0c, 0x3e, 0x52, 0xa4, 0x4b, 0x0e, 0x9c, 0x57, 0x0d, 0x8f, 0x6f, 0x1b, 0x7a, 0x21}

// IDFor returns the ID of the one order that a payment token can buy: a UUID version 5 of the
// token. Because it is derived, creating an order is idempotent without a further table, header or
// write.
func IDFor(token PaymentToken) string {
	return uuid.NewSHA1(namespace, []byte(token)).String()
}

// ValidID reports whether text is a valid order ID: a UUID in the one form in which IDs are stored.
func ValidID(text string) bool {
	id, err := uuid.Parse(text)
	return err == nil && id.String() == text
}

type orderIDKey struct{}

// ContextWithOrderID returns a context that names the order that the work under it is for, so that
// traces can be found by it.
func ContextWithOrderID(ctx context.Context, orderID string) context.Context {
	return context.WithValue(ctx, orderIDKey{}, orderID)
}

// OrderIDFromContext returns the order ID set by [ContextWithOrderID], or the empty string.
func OrderIDFromContext(ctx context.Context) string {
	orderID, _ := ctx.Value(orderIDKey{}).(string)
	return orderID
}
