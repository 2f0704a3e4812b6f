package order

import "context"

type aboutKey struct{}

// ContextWithOrderID says which order the work under ctx is for, so that traces can be found by it.
func ContextWithOrderID(ctx context.Context, orderID string) context.Context {
	return context.WithValue(ctx, aboutKey{}, orderID)
}

// OrderIDFromContext is the id of the order that ctx is about, empty if nobody has said.
func OrderIDFromContext(ctx context.Context) string {
	orderID, _ := ctx.Value(aboutKey{}).(string)
	return orderID
}
