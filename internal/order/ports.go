package order

import "context"

// A Store keeps orders. It must be safe for concurrent use, and every error it returns is an [*Error]: NotFound where
// a method says so, otherwise Unavailable. Stores retry by themselves what a repeated call may mend, within the
// context's deadline; callers need not.
type Store interface {
	// Create stores o durably if no order has its id; then it returns nil. If one has, nothing is written and that
	// order is returned as it is now. An attempt of this very call whose answer got lost counts as stored by it.
	// After an Unavailable error the order may or may not be stored; calling Create again is safe.
	Create(ctx context.Context, o Order) (existing *Order, err error)

	// Get returns the order with this id, strongly consistent: it sees every Create and Update that returned before.
	// The error is NotFound if there is none.
	Get(ctx context.Context, orderID string) (Order, error)

	// List returns the user's orders, newest first, at most limit of them, beginning after a position (nil: from
	// the newest). A page may be shorter than limit; more may follow exactly when its Next is set. It may lag
	// behind Create and Update for a moment.
	List(ctx context.Context, userID string, limit int, after *Position) (Page, error)

	// Update reads how far the order has come, asks change what it should become, and writes that, if it differs,
	// guarded by modifiedDate and status: where another writer came between, it reads and asks again, so change
	// must be free of side effects. It returns whether it wrote. It reads and writes nothing but the attributes
	// of Progress. The error is NotFound if there is no such order (none is ever made), and what change returned
	// if that failed.
	Update(ctx context.Context, orderID string, change func(Progress) (Progress, error)) (changed bool, err error)
}

// A Checker is one neighbour's say in whether an order is right. It must be safe for concurrent use and return soon
// after ctx ends. Check returns nil if the order is right, and otherwise an [*Error] of kind Refused (the neighbour
// said no) or Unchecked (it could not be asked) with the message for the caller. It retries by itself.
type Checker interface {
	Check(ctx context.Context, o Order) error
}
