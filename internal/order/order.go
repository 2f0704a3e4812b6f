// Package order is the domain of the orders service: what an order is, which requests for one are
// valid, how the updates of warehouse and delivery change it, and the ports through which it
// reaches the world.
//
// It knows neither AWS nor HTTP. Money is in minor units, lengths are in millimetres, weights in
// grams; every integer in a request, and every total, is between 0 and [MaxInteger].
package order

import (
	"encoding/json"
	"log/slog"
	"reflect"
)

// An Order is the single record of what a user bought, where it goes, what it costs and how far it
// has come.
type Order struct {
	OrderID       string       `json:"orderId"`
	UserID        string       `json:"userId"`
	Status        Status       `json:"status"`
	CreatedDate   Date         `json:"createdDate"`
	ModifiedDate  Date         `json:"modifiedDate"`
	Products      []Product    `json:"products"`
	Address       Address      `json:"address"`
	DeliveryPrice int64        `json:"deliveryPrice"` // minor units; never changes after creation
	PaymentToken  PaymentToken `json:"paymentToken,omitempty"`
	Total         int64        `json:"total"` // minor units: price x quantity summed, plus DeliveryPrice
	History       History      `json:"history,omitempty"`

	// Document is the order as the store holds it, with attributes that this version does not
	// know. A store sets it on reading; it is nil in an order that was never stored.
	Document json.RawMessage `json:"-"`

	keepsHistory bool // whether the stored history must stay as it is, because it cannot be read
}

// A Product is one line of an order, a copy of the catalogue's record when the order was created.
type Product struct {
	ProductID string  `json:"productId"`
	Name      string  `json:"name"`
	Package   Package `json:"package"`
	Price     int64   `json:"price"`    // minor units for one piece
	Quantity  int64   `json:"quantity"` // pieces
}

// A Package is the box around one piece of a product.
type Package struct {
	Width  int64 `json:"width"`  // millimetres
	Length int64 `json:"length"` // millimetres
	Height int64 `json:"height"` // millimetres
	Weight int64 `json:"weight"` // grams
}

// An Address is where an order goes. It is personal data: it prints and logs as redacted, and only
// its JSON shows it. Optional fields are nil if the customer gave none.
//
// A field is read from requests in request.go and from items in stored.go, and written to items by
// internal/dynamo.
type Address struct {
	Name          string  `json:"name"`
	CompanyName   *string `json:"companyName,omitempty"`
	StreetAddress string  `json:"streetAddress"`
	PostCode      *string `json:"postCode,omitempty"`
	City          string  `json:"city"`
	State         *string `json:"state,omitempty"`
	Country       string  `json:"country"` // two letters
	PhoneNumber   string  `json:"phoneNumber"`
}

// A PaymentToken is the pre-authorisation that pays for one order. It is a secret: it prints and
// logs as redacted, and only its JSON and a conversion to string show it.
type PaymentToken string

const redacted = "[redacted]"

// String hides the token from fmt's verbs.
func (PaymentToken) String() string { return redacted }

// GoString hides the token from %#v.
func (PaymentToken) GoString() string { return redacted }

// LogValue hides the token from logs.
func (PaymentToken) LogValue() slog.Value { return slog.StringValue(redacted) }

// String hides the address from fmt's verbs.
func (Address) String() string { return redacted }

// GoString hides the address from %#v.
func (Address) GoString() string { return redacted }

// LogValue hides the address from logs.
func (Address) LogValue() slog.Value { return slog.StringValue(redacted) }

// String returns the order's ID, the only part of an order that may be logged.
func (o Order) String() string { return "order " + o.OrderID }

// GoString hides the order from %#v.
func (o Order) GoString() string { return o.String() }

// LogValue hides the order from logs, apart from its ID.
func (o Order) LogValue() slog.Value { return slog.StringValue(o.OrderID) }

// Public returns the order as its own user may see it: without the payment token, and without the
// document, whose unknown attributes might be secret.
func (o Order) Public() Order {
	o.PaymentToken, o.Document = "", nil
	return o
}

// Unchanged reports whether the order has not changed since it was created.
func (o Order) Unchanged() bool { return o.ModifiedDate.equal(o.CreatedDate) }

// equal reports whether both addresses have the same fields.
func (a Address) equal(b Address) bool { return reflect.DeepEqual(a, b) }
