package order

import (
	"fmt"
	"log/slog"

	"orders/internal/strictjson"
)

// Bounds of a request, as resources/openapi.yaml documents them.
const (
	// MaxRequestBytes is the largest request, in bytes of JSON. It keeps an OrderModified event,
	// which carries the order twice, within one EventBridge entry.
	MaxRequestBytes = 128 << 10
	// MaxProducts is the largest number of products of one order.
	MaxProducts = 100
	// MaxProductIDBytes is the longest productId, which is a table key at products.
	MaxProductIDBytes = 2048
)

// A Request is a valid and normalised request for an order: unknown fields are dropped, missing
// quantities are 1. No peer has checked it yet.
type Request struct {
	Products      []Product
	Address       Address
	DeliveryPrice int64
	PaymentToken  PaymentToken
	Total         int64 // computed, whatever the request claims

	claimedTotal *int64
}

// LogValue hides the request from logs.
func (r Request) LogValue() slog.Value { return slog.StringValue(redacted) }

// String hides the request from fmt's verbs.
func (r Request) String() string { return redacted }

// GoString hides the request from %#v.
func (r Request) GoString() string { return redacted }

// ParseRequest reads the JSON of a request for an order. The error is TooLarge over
// MaxRequestBytes, and otherwise Invalid, with every error in the request in its details. A total
// that differs from the computed one is not an error here: Service.Create rejects it.
func ParseRequest(data []byte) (Request, error) {
	if len(data) > MaxRequestBytes {
		return Request{}, &Error{Kind: TooLarge, Message: "Request too large",
			Details: []string{fmt.Sprintf("The order must be at most %d bytes, got %d", MaxRequestBytes, len(data))}}
	}
	body, err := strictjson.Parse(data)
	if err != nil {
		return Request{}, &Error{Kind: Invalid, Message: "Invalid JSON", Details: []string{"The body must be JSON: " + err.Error()}}
	}
	r := readRequest(body)
	if errs := body.Errors(); errs != nil {
		return Request{}, &Error{Kind: Invalid, Message: "JSON Schema validation error", Details: errs}
	}
	return r, nil
}

// readRequest reads a request by the schema CreateOrderRequest of resources/openapi.yaml.
func readRequest(body strictjson.Object) Request {
	r := Request{
		Products:      readProducts(body),
		Address:       readAddress(body.Object("address")),
		DeliveryPrice: body.Integer("deliveryPrice", 0, MaxInteger),
		PaymentToken:  PaymentToken(body.String("paymentToken")),
	}
	if body.Has("total") {
		claimed := body.Integer("total", 0, MaxInteger)
		r.claimedTotal = &claimed
	}
	if body.Errors() != nil {
		return r // a sum of wrong numbers means nothing
	}
	sum, err := total(linesOf(r.Products), r.DeliveryPrice)
	if err != nil || sum > MaxInteger {
		body.AddError("products", fmt.Sprintf("the total of the order must be at most %d", MaxInteger))
	}
	r.Total = sum
	return r
}

func readProducts(body strictjson.Object) []Product {
	var products []Product
	firstAt := map[string]string{}
	for _, item := range body.Objects("products", 1, MaxProducts) {
		p := readProduct(item)
		if first, found := firstAt[p.ProductID]; found && p.ProductID != "" {
			item.AddError("productId", "is the same as in "+first)
		} else {
			firstAt[p.ProductID] = item.Pointer()
		}
		products = append(products, p)
	}
	return products
}

func readProduct(item strictjson.Object) Product {
	p := Product{
		ProductID: item.String("productId"),
		Name:      item.String("name"),
		Price:     item.Integer("price", 0, MaxInteger),
		Quantity:  1,
	}
	if item.Has("quantity") {
		p.Quantity = item.Integer("quantity", 1, MaxInteger)
	}
	if len(p.ProductID) > MaxProductIDBytes {
		item.AddError("productId", fmt.Sprintf("must be at most %d bytes", MaxProductIDBytes))
	}
	box := item.Object("package")
	p.Package = Package{
		Width:  box.Integer("width", 0, MaxInteger),
		Length: box.Integer("length", 0, MaxInteger),
		Height: box.Integer("height", 0, MaxInteger),
		Weight: box.Integer("weight", 0, MaxInteger),
	}
	return p
}

func readAddress(o strictjson.Object) Address {
	a := Address{
		Name:          o.String("name"),
		CompanyName:   o.OptionalString("companyName"),
		StreetAddress: o.String("streetAddress"),
		PostCode:      o.OptionalString("postCode"),
		City:          o.String("city"),
		State:         o.OptionalString("state"),
		Country:       o.String("country"),
		PhoneNumber:   o.String("phoneNumber"),
	}
	if a.Country != "" && !isCountry(a.Country) {
		o.AddError("country", "must be two letters (ISO 3166-1 alpha-2)")
	}
	return a
}

func isCountry(text string) bool {
	letter := func(c byte) bool { return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' }
	return len(text) == 2 && letter(text[0]) && letter(text[1])
}

// order returns the new order that the request asks for.
func (r Request) order(userID string, now Date) Order {
	return Order{
		OrderID:       IDFor(r.PaymentToken),
		UserID:        userID,
		Status:        New,
		CreatedDate:   now,
		ModifiedDate:  now,
		Products:      r.Products,
		Address:       r.Address,
		DeliveryPrice: r.DeliveryPrice,
		PaymentToken:  r.PaymentToken,
		Total:         r.Total,
		History:       History{{New, now}},
	}
}
