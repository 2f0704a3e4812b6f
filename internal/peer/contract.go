package peer

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"

	"orders/internal/order"
	"orders/internal/strictjson"
)

// A contract is what one peer is sent, and what its response means.
type contract struct {
	peer    string // as messages name it
	path    string
	request func(o order.Order) any
	// verdict returns nil if the peer accepts the order, an order.Rejected error if it rejects it,
	// and any other error for an invalid response.
	verdict func(r strictjson.Object, o order.Order) error
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
		verdict: func(r strictjson.Object, o order.Order) error { return comparePrice(r, o.DeliveryPrice) },
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
		verdict: func(r strictjson.Object, _ order.Order) error { return readOK(r, "Wrong payment token") },
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
		verdict: func(r strictjson.Object, _ order.Order) error { return readCorrections(r) },
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
		verdict: func(r strictjson.Object, _ order.Order) error { return readOK(r, "Unknown user") },
	}
}

// Responses are read strictly: property names are case-sensitive, {"OK": true} does not mean {"ok":
// true}, and an object with a duplicate name is invalid. Errors contain no text of a response.

func invalidResponse(want string) error {
	return errors.New("invalid response: want " + want)
}

func parseResponse(text []byte) (strictjson.Object, error) {
	response, err := strictjson.Parse(text)
	if err != nil || response.Errors() != nil {
		return strictjson.Object{}, invalidResponse("a JSON object without duplicate names")
	}
	return response, nil
}

func readOK(response strictjson.Object, rejection string) error {
	ok := response.Bool("ok")
	switch {
	case response.Errors() != nil:
		return invalidResponse("a boolean ok")
	case !ok:
		return rejected(rejection)
	}
	return nil
}

func comparePrice(response strictjson.Object, price int64) error {
	number := response.Number("pricing")
	if response.Errors() != nil {
		return invalidResponse("a number pricing")
	}
	expected, whole := strictjson.Int64(number)
	if whole && expected == price {
		return nil
	}
	text := number.String()
	if whole && max(expected, -expected) < math.MaxInt64 { // Int64 returns the nearest value that fits
		text = strconv.FormatInt(expected, 10)
	}
	return rejected(fmt.Sprintf("Wrong delivery price: got %d, expected %s", price, text[:min(len(text), maxPriceBytes)]))
}

// maxPriceBytes limits the length of a price in a message, because a peer may send a number of any
// length.
const maxPriceBytes = 40

// readCorrections rejects the order if the peer returns products as they should be, for the reasons
// in its message.
func readCorrections(response strictjson.Object) error {
	message := response.OptionalString("message")
	if message == nil || response.Errors() != nil {
		return invalidResponse("a string message")
	}
	if !response.Has("products") {
		return nil
	}
	corrections := response.Array("products", 0, math.MaxInt)
	switch {
	case response.Errors() != nil:
		return invalidResponse("a list of products")
	case len(corrections) > 0:
		return rejected(cmp.Or(*message, "Wrong products"))
	}
	return nil
}

func rejected(message string) error { return &order.Error{Kind: order.Rejected, Message: message} }
