package order

import (
	"context"
	"encoding/base64"
	"encoding/json"
)

// A Store keeps orders. It must be safe for concurrent use. Every error that it returns is an
// [*Error]: NotFound if a method says so, Unreadable if the order's item cannot be read (see
// [FromAttributes]), otherwise Unavailable. A store retries transient failures within the context's
// deadline; callers need not.
type Store interface {
	// Create stores o durably if no order has its ID, and then returns nil. If one has, Create
	// writes nothing and returns that order as it is now. If an attempt of this same call stored
	// o and its response was lost, that counts as stored by this call. After an Unavailable error
	// the order may or may not be stored; calling Create again is safe.
	Create(ctx context.Context, o Order) (existing *Order, err error)

	// Get returns the order with this ID, or a NotFound error. It is strongly consistent: it sees
	// every Create and Update that returned before.
	Get(ctx context.Context, orderID string) (Order, error)

	// List returns a page of a user's orders, newest first. It may be shorter than the limit, even
	// empty; more orders may follow if and only if its Next is set. An item that cannot be read is
	// in its Unreadable instead. The orders have no Document. List is eventually consistent.
	List(ctx context.Context, q Query) (Page, error)

	// Update reads the order's progress, calls change for what it should become, and writes that
	// if it differs. The write is guarded by modifiedDate and status: if another writer changed
	// either, Update reads and calls change again, so change must have no side effects. Update
	// reports whether it wrote. It reads and writes only [ProgressAttributes], so that the others
	// may be unreadable. The error is NotFound if there is no such order (none is created), or
	// what change returned.
	Update(ctx context.Context, orderID string, change func(Progress) (Progress, error)) (changed bool, err error)
}

// A Query asks for a page of a user's orders.
type Query struct {
	UserID string
	Status Status    // lists only the orders with this status; empty lists all
	Limit  int       // of orders to read; those with another status count
	After  *Position // nil reads from the newest
}

// A Page is one response's worth of a user's orders.
type Page struct {
	Orders     []Order
	Unreadable []*UnreadableItem
	Next       *Position // after which more orders may follow; nil if and only if none do
}

// A Position is a place in a user's list of orders. It does not name the user: whoever presents it
// gets a place in their own list, so a made-up position reaches nothing else.
type Position struct {
	CreatedDate Date   `json:"c"`
	OrderID     string `json:"o"`
}

// The sizes of a position: those of DynamoDB's keys, in bytes.
const (
	maxOrderIDBytes     = 2048
	maxCreatedDateBytes = 1024
)

// Token returns the position as an opaque text for callers to hand back.
func (p Position) Token() string {
	data, _ := json.Marshal(p) // two strings: cannot fail
	return base64.RawURLEncoding.EncodeToString(data)
}

// ParsePosition reads a token made by [Position.Token]. For any other text the error is Invalid.
// The date and the ID may be any text, because stored orders may have any.
func ParsePosition(token string) (Position, error) {
	var p Position
	malformed := &Error{Kind: Invalid, Message: "Invalid nextToken", Details: []string{"nextToken: must be one from an earlier response"}}
	data, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return p, malformed
	}
	if json.Unmarshal(data, &p) != nil || p.Token() != token { // accepts one spelling only
		return p, malformed
	}
	if p.CreatedDate == "" || len(p.CreatedDate) > maxCreatedDateBytes || p.OrderID == "" || len(p.OrderID) > maxOrderIDBytes {
		return p, malformed
	}
	return p, nil
}
