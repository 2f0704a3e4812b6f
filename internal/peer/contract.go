package peer

import (
	"encoding/json"
	"errors"
	"fmt"

	"orders/internal/order"
)

// A contract is what one peer is sent, and what its response means (section 4 of the service's
// contract).
type contract struct {
	peer    string // as messages name it
	path    string
	request func(o order.Order) any
	// verdict returns nil if the peer accepts the order, an order.Rejected error if it rejects it,
	// and any other error for an invalid response.
	verdict func(r response, o order.Order) error
}

// deliveryContract checks that the order's delivery price is the one that delivery-pricing asks
// for.
func deliveryContract() contract {
	return contract{
		peer: "delivery",
		path: "/backend/pricing",
		request: func(o order.Order) any {
			return struct {
				Products []order.Product `json:"products"`
				Address  order.Address   `json:"address"`
			}{o.Products, o.Address}
		},
		verdict: func(r response, o order.Order) error { return comparePrice(r, o.DeliveryPrice) },
	}
}

// paymentContract checks that the order's payment token is valid for its total.
func paymentContract() contract {
	return contract{
		peer: "payment",
		path: "/backend/validate",
		request: func(o order.Order) any {
			return struct {
				PaymentToken order.PaymentToken `json:"paymentToken"`
				Total        int64              `json:"total"`
			}{o.PaymentToken, o.Total}
		},
		verdict: func(r response, _ order.Order) error { return readOK(r, "Wrong payment token") },
	}
}

// productsContract checks that the order's products are those of the catalogue.
func productsContract() contract {
	return contract{
		peer: "products",
		path: "/backend/validate",
		request: func(o order.Order) any {
			return struct {
				Products []order.Product `json:"products"`
			}{o.Products}
		},
		verdict: func(r response, _ order.Order) error { return readCorrections(r) },
	}
}

// usersContract checks that the order's user exists.
func usersContract() contract {
	return contract{
		peer: "users",
		path: "/backend/validate",
		request: func(o order.Order) any {
			return struct {
				UserID string `json:"userId"`
			}{o.UserID}
		},
		verdict: func(r response, _ order.Order) error { return readOK(r, "Unknown user") },
	}
}

// A response is the JSON object that a peer returned. Its names are case-sensitive, unlike those of
// a struct that encoding/json decodes: {"OK": true} does not mean {"ok": true}.
type response map[string]json.RawMessage

// parseResponse reads an object that fills the whole text. Its errors contain nothing of the text,
// which encoding/json's would quote.
func parseResponse(text []byte) (response, error) {
	var r response
	if err := json.Unmarshal(text, &r); err != nil || r == nil { // null leaves it nil
		return nil, errors.New("invalid response: not a JSON object")
	}
	return r, nil
}

func readOK(r response, rejection string) error {
	switch string(r["ok"]) {
	case "true":
		return nil
	case "false":
		return rejected(rejection)
	}
	return errors.New("invalid response: no boolean ok")
}

func comparePrice(r response, price int64) error {
	expected, ok := parsePrice(r["pricing"])
	if !ok {
		return errors.New("invalid response: no price")
	}
	if !expected.is(price) {
		return rejected(fmt.Sprintf("Wrong delivery price: got %d, expected %v", price, expected))
	}
	return nil
}

// readCorrections rejects the order if the peer returns products as they should be, for the reasons
// that it gives.
func readCorrections(r response) error {
	raw, ok := r["products"]
	if !ok {
		return nil
	}
	var corrections []json.RawMessage
	if json.Unmarshal(raw, &corrections) != nil {
		return errors.New("invalid response: products is not a list")
	}
	if len(corrections) == 0 { // null as well
		return nil
	}
	var message string
	if json.Unmarshal(r["message"], &message) != nil || message == "" {
		message = "Wrong products"
	}
	return rejected(message)
}

func rejected(message string) error { return &order.Error{Kind: order.Rejected, Message: message} }
