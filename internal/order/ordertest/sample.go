package ordertest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"orders/internal/order"
)

// Sample returns a valid new order with a fresh payment token, ID and user, changed by edit. Its
// products are a lamp (2 at 1999), a mug (5 at 450) and a poster (1 at 1200); its delivery costs
// 1000.
func Sample(edit ...func(*order.Order)) order.Order {
	token := order.PaymentToken(rand.Text())
	now := order.NewDate(time.Now())
	company, postCode := "Ember & Søn", "20095"
	o := order.Order{
		OrderID:      order.IDFor(token),
		UserID:       uuid.NewString(),
		Status:       order.New,
		CreatedDate:  now,
		ModifiedDate: now,
		Products: []order.Product{
			{ProductID: "lamp", Name: "Desk lamp", Package: order.Package{Width: 200, Length: 300, Height: 450, Weight: 1400}, Price: 1999, Quantity: 2},
			{ProductID: "mug", Name: "Mug <large>", Package: order.Package{Width: 100, Length: 120, Height: 110, Weight: 350}, Price: 450, Quantity: 5},
			{ProductID: "poster", Name: "Poster", Package: order.Package{Width: 60, Length: 700, Height: 60, Weight: 90}, Price: 1200, Quantity: 1},
		},
		Address: order.Address{
			Name:          "Ida Ember",
			CompanyName:   &company,
			StreetAddress: "Lange Reihe 7",
			PostCode:      &postCode,
			City:          "Hamburg",
			Country:       "DE",
			PhoneNumber:   "+49 40 5550101",
		},
		DeliveryPrice: 1000,
		PaymentToken:  token,
	}
	for _, e := range edit {
		e(&o)
	}
	o.Total, o.History = totalOf(o), historyOf(o)
	return o
}

// historyOf returns the history of an order that rose to its status at once, if it did.
func historyOf(o order.Order) order.History {
	history := order.History{{Status: order.New, Date: o.CreatedDate}}
	if o.Status != order.New {
		history = append(history, order.HistoryEntry{Status: o.Status, Date: o.ModifiedDate})
	}
	return history
}

// Request returns a request for o, written plainly.
func Request(o order.Order) json.RawMessage {
	body, err := json.Marshal(map[string]any{
		"products":      o.Products,
		"address":       o.Address,
		"deliveryPrice": o.DeliveryPrice,
		"paymentToken":  o.PaymentToken,
	})
	if err != nil {
		panic(err) // strings and numbers only: cannot fail
	}
	return body
}

// Original returns a document as the original platform wrote it, and as others may have added to
// it: dates without a zone, a missing quantity, unknown attributes at every level.
func Original(orderID, userID string) json.RawMessage {
	return fmt.Appendf(nil, `{
		"orderId": %q, "userId": %q, "status": "NEW",
		"createdDate": "2020-11-05T09:41:07.280131", "modifiedDate": "2020-11-05T09:41:07.280131",
		"products": [
			{"productId": "lamp", "name": "Desk lamp", "package": {"width": 200, "length": 300, "height": 450, "weight": 1400, "fragile": true},
			 "price": 1999, "quantity": 2, "createdDate": "2020-01-01T00:00:00", "tags": ["light", "<b>&\u2028"], "rating": 4.75},
			{"productId": "mug", "name": "Mug", "package": {"width": 100, "length": 120, "height": 110, "weight": 350}, "price": 450, "pictures": []},
			{"productId": "poster", "name": "Poster", "package": {"width": 60, "length": 700, "height": 60, "weight": 90}, "price": 1200, "quantity": 5, "stock": {"de": 12, "at": null}}
		],
		"address": {"name": "Ida Ember", "streetAddress": "Lange Reihe 7", "city": "Hamburg", "country": "DE", "phoneNumber": "+49 40 5550101",
			"state": "", "doorCode": "4711", "floors": [0, -1]},
		"deliveryPrice": 0, "paymentToken": %q, "total": 10448,
		"giftWrap": {"paper": "red", "ribbons": [1, 2.5, true, null, "x"], "note": {}}, "points": 12345678901234567890123456789, "vip": false
	}`, orderID, userID, "original-"+orderID)
}

// originalOrder returns what this version knows of an Original.
func originalOrder(orderID, userID string) order.Order {
	state := ""
	return order.Order{
		OrderID:      orderID,
		UserID:       userID,
		Status:       order.New,
		CreatedDate:  "2020-11-05T09:41:07.280131",
		ModifiedDate: "2020-11-05T09:41:07.280131",
		Products: []order.Product{
			{ProductID: "lamp", Name: "Desk lamp", Package: order.Package{Width: 200, Length: 300, Height: 450, Weight: 1400}, Price: 1999, Quantity: 2},
			{ProductID: "mug", Name: "Mug", Package: order.Package{Width: 100, Length: 120, Height: 110, Weight: 350}, Price: 450, Quantity: 1},
			{ProductID: "poster", Name: "Poster", Package: order.Package{Width: 60, Length: 700, Height: 60, Weight: 90}, Price: 1200, Quantity: 5},
		},
		Address: order.Address{
			Name: "Ida Ember", StreetAddress: "Lange Reihe 7", City: "Hamburg", State: &state, Country: "DE", PhoneNumber: "+49 40 5550101",
		},
		PaymentToken: order.PaymentToken("original-" + orderID),
		Total:        10448,
	}
}

func totalOf(o order.Order) int64 {
	sum := o.DeliveryPrice
	for _, p := range o.Products {
		sum += p.Price * p.Quantity
	}
	return sum
}

// freshID returns a new order ID.
func freshID() string { return order.IDFor(order.PaymentToken(rand.Text())) }
