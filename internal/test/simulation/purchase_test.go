package simulation

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
)

// A purchase is an order that a customer wants, and pays for with a token.
type purchase struct {
	User, Token   string
	Street        string // distinguishes addresses
	DeliveryPrice int64
	Lines         []line
}

// A line is what the model needs of a product of an order.
type line struct {
	ProductID string
	Price     int64
	Quantity  int64
}

func newPurchase(random *rand.Rand, user, token string) purchase {
	w := purchase{User: user, Token: token, Street: "Lange Reihe 7", DeliveryPrice: []int64{0, 1000, 1000, wrongPrice}[random.IntN(4)]}
	for n := range 1 + random.IntN(3) {
		w.Lines = append(w.Lines, line{fmt.Sprintf("product-%d", n+1), random.Int64N(5000), 1 + random.Int64N(5)})
	}
	return w
}

// changed returns another purchase with the same token.
func (w purchase) changed(random *rand.Rand) purchase {
	if random.IntN(2) == 0 {
		w.Street = "Kurze Gasse 1"
		return w
	}
	lines := append([]line{}, w.Lines...)
	lines[0].Quantity++
	w.Lines = lines
	return w
}

func (w purchase) total() int64 { return totalOf(w.Lines, w.DeliveryPrice) }

func totalOf(lines []line, deliveryPrice int64) int64 {
	sum := deliveryPrice
	for _, l := range lines {
		sum += l.Price * l.Quantity
	}
	return sum
}

// products returns the products of the request.
func (w purchase) products() []any {
	products := []any{}
	for _, l := range w.Lines {
		products = append(products, map[string]any{
			"productId": l.ProductID, "name": "Name of " + l.ProductID, "price": l.Price, "quantity": l.Quantity,
			"package": map[string]any{"width": int64(200), "length": int64(300), "height": int64(450), "weight": int64(1400)},
		})
	}
	return products
}

func (w purchase) address() map[string]any {
	return map[string]any{"name": "Ida Ember", "streetAddress": w.Street, "city": "Hamburg", "country": "DE", "phoneNumber": "+49 40 5550101"}
}

// body returns the body of the request.
func (w purchase) body() json.RawMessage {
	body, err := json.Marshal(map[string]any{"products": w.products(), "address": w.address(), "deliveryPrice": w.DeliveryPrice, "paymentToken": w.Token})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return body
}

// matchesNew reports whether a new order is the one of the purchase, in every attribute except its
// ID and dates.
func (w purchase) matchesNew(stored map[string]any) bool {
	expected := map[string]any{
		"orderId": stored["orderId"], "createdDate": stored["createdDate"], "modifiedDate": stored["createdDate"],
		"userId": w.User, "status": "NEW", "products": w.products(), "address": w.address(),
		"deliveryPrice": w.DeliveryPrice, "paymentToken": w.Token, "total": w.total(),
		"history": []any{map[string]any{"status": "NEW", "date": stored["createdDate"]}},
	}
	return reflect.DeepEqual(expected, stored)
}

// matchesStored reports whether the request of the purchase is a repeat for a stored order. Its
// products are compared only while nothing has changed the order.
func (w purchase) matchesStored(stored map[string]any) bool {
	touched := stored["createdDate"] != stored["modifiedDate"]
	return stored["userId"] == w.User && stored["paymentToken"] == w.Token && stored["deliveryPrice"] == w.DeliveryPrice &&
		reflect.DeepEqual(stored["address"], any(w.address())) && (touched || reflect.DeepEqual(stored["products"], any(w.products())))
}
