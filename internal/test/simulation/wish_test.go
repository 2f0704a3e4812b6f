package simulation

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
)

// A wish is what a customer wants ordered, and pays for with a token.
type wish struct {
	User, Token   string
	Street        string // tells addresses apart
	DeliveryPrice int64
	Lines         []line
}

// A line is what matters of a product of an order.
type line struct {
	ProductID string
	Price     int64
	Quantity  int64
}

func newWish(random *rand.Rand, user, token string) wish {
	w := wish{User: user, Token: token, Street: "Lange Reihe 7", DeliveryPrice: []int64{0, 1000, 1000, wrongPrice}[random.IntN(4)]}
	for n := range 1 + random.IntN(3) {
		w.Lines = append(w.Lines, line{fmt.Sprintf("product-%d", n+1), random.Int64N(5000), 1 + random.Int64N(5)})
	}
	return w
}

// changed is another wish for the same token.
func (w wish) changed(random *rand.Rand) wish {
	if random.IntN(2) == 0 {
		w.Street = "Kurze Gasse 1"
		return w
	}
	lines := append([]line{}, w.Lines...)
	lines[0].Quantity++
	w.Lines = lines
	return w
}

func (w wish) total() int64 { return totalOf(w.Lines, w.DeliveryPrice) }

func totalOf(lines []line, deliveryPrice int64) int64 {
	sum := deliveryPrice
	for _, l := range lines {
		sum += l.Price * l.Quantity
	}
	return sum
}

// products are the wish's as the contract writes them.
func (w wish) products() []any {
	products := []any{}
	for _, l := range w.Lines {
		products = append(products, map[string]any{
			"productId": l.ProductID, "name": "Name of " + l.ProductID, "price": l.Price, "quantity": l.Quantity,
			"package": map[string]any{"width": int64(200), "length": int64(300), "height": int64(450), "weight": int64(1400)},
		})
	}
	return products
}

func (w wish) address() map[string]any {
	return map[string]any{"name": "Ida Ember", "streetAddress": w.Street, "city": "Hamburg", "country": "DE", "phoneNumber": "+49 40 5550101"}
}

// body is the request's.
func (w wish) body() json.RawMessage {
	body, err := json.Marshal(map[string]any{"products": w.products(), "address": w.address(), "deliveryPrice": w.DeliveryPrice, "paymentToken": w.Token})
	if err != nil {
		panic(err) // texts and numbers only: cannot fail
	}
	return body
}

// madeOrder tells whether a new order is what the wish asks for, in every attribute but its id and its dates.
func (w wish) madeOrder(stored map[string]any) bool {
	expected := map[string]any{
		"orderId": stored["orderId"], "createdDate": stored["createdDate"], "modifiedDate": stored["createdDate"],
		"userId": w.User, "status": "NEW", "products": w.products(), "address": w.address(),
		"deliveryPrice": w.DeliveryPrice, "paymentToken": w.Token, "total": w.total(),
	}
	return reflect.DeepEqual(expected, stored)
}

// stillMeans tells whether asking for the wish again asks for the stored order: its products count only while
// nothing has touched it.
func (w wish) stillMeans(stored map[string]any) bool {
	touched := stored["createdDate"] != stored["modifiedDate"]
	return stored["userId"] == w.User && stored["paymentToken"] == w.Token && stored["deliveryPrice"] == w.DeliveryPrice &&
		reflect.DeepEqual(stored["address"], any(w.address())) && (touched || reflect.DeepEqual(stored["products"], any(w.products())))
}
