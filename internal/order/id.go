package order

import "github.com/google/uuid"

// namespace is this service's own: ids derived in it mean nothing elsewhere. Changing it would let every payment
// token buy a second order.
var namespace = uuid.UUID{0x6f, 0x1d, 0x0c, 0x3e, 0x52, 0xa4, 0x4b, 0x0e, 0x9c, 0x57, 0x0d, 0x8f, 0x6f, 0x1b, 0x7a, 0x21}

// IDFor is the id of the one order that a payment token can buy: a UUID version 5 of the token. Deriving it is what
// makes creating an order safe to repeat without a further table, header or write.
func IDFor(token PaymentToken) string {
	return uuid.NewSHA1(namespace, []byte(token)).String()
}

// ValidID tells whether text can be the id of an order, in the one form in which ids are stored.
func ValidID(text string) bool {
	id, err := uuid.Parse(text)
	return err == nil && id.String() == text
}
