package order

import (
	"encoding/base64"
	"encoding/json"
)

// A Page is one answer's worth of a user's orders.
type Page struct {
	Orders []Order
	Next   *Position // where more may follow; nil exactly when nothing does
}

// A Position is a place in a user's list of orders. It names no user: whoever presents it gets a place in their own
// list, so a made-up one reaches nothing that is not theirs.
type Position struct {
	CreatedDate Date   `json:"c"`
	OrderID     string `json:"o"`
}

// Token is the position as the opaque text that callers hand back.
func (p Position) Token() string {
	data, _ := json.Marshal(p) // two strings: cannot fail
	return base64.RawURLEncoding.EncodeToString(data)
}

// ParsePosition reads a token that Token made. Anything else is an Invalid error.
func ParsePosition(token string) (Position, error) {
	var p Position
	malformed := &Error{Kind: Invalid, Message: "Invalid nextToken", Details: []string{"nextToken: must be one that an earlier answer gave"}}
	data, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return p, malformed
	}
	if json.Unmarshal(data, &p) != nil || p.Token() != token { // one spelling only: no unknown fields, no other order
		return p, malformed
	}
	if _, err := p.CreatedDate.Time(); err != nil || !ValidID(p.OrderID) {
		return p, malformed
	}
	return p, nil
}
