package order

import "context"

type aboutKey struct{}

// About says which order the work under ctx is for, so that traces can be found by it.
func About(ctx context.Context, orderID string) context.Context {
	return context.WithValue(ctx, aboutKey{}, orderID)
}

// Subject is the id of the order that ctx is about, empty if nobody has said.
func Subject(ctx context.Context) string {
	orderID, _ := ctx.Value(aboutKey{}).(string)
	return orderID
}
