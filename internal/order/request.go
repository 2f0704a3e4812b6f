package order

import (
	"fmt"
	"log/slog"
)

// Bounds of a request (contract, section 2).
const (
	// MaxRequestBytes is the largest request, in bytes of JSON. It keeps an OrderModified event, which carries the
	// order twice, within one EventBridge entry.
	MaxRequestBytes = 128 << 10
	// MaxProducts is the largest number of lines of one order.
	MaxProducts = 100
)

// A Request is what a caller wants ordered, checked for shape and normalised: unknown fields dropped, quantities
// filled in. It has not been compared with what the neighbours know.
type Request struct {
	Products      []Product
	Address       Address
	DeliveryPrice int64
	PaymentToken  PaymentToken
	Total         int64 // computed, whatever the caller claimed

	claimedTotal *int64
}

// LogValue keeps the request out of logs.
func (r Request) LogValue() slog.Value { return slog.StringValue(redacted) }

// String hides the request from fmt's verbs.
func (r Request) String() string { return redacted }

// GoString hides the request from %#v.
func (r Request) GoString() string { return redacted }

// ParseRequest reads the JSON of a request for an order. The error is TooLarge over MaxRequestBytes, and otherwise
// Invalid, with every fault of the request in its details. A total that differs from the computed one is no fault
// here: Service.Create refuses it.
func ParseRequest(data []byte) (Request, error) {
	if len(data) > MaxRequestBytes {
		return Request{}, &Error{Kind: TooLarge, Message: "Request too large",
			Details: []string{fmt.Sprintf("The order must be at most %d bytes, got %d", MaxRequestBytes, len(data))}}
	}
	var found faults
	document, err := parseDocument(data, &found)
	if err != nil {
		return Request{}, &Error{Kind: Invalid, Message: "Invalid JSON", Details: []string{"The body must be JSON: " + err.Error()}}
	}
	r := readRequest(document, &found)
	return r, found.err()
}

// readRequest holds a document to the schema of contract section 2. It goes on after a fault, so that the caller
// hears of all at once.
func readRequest(document any, found *faults) Request {
	o := newObject(document, nil, found)
	r := Request{
		Products:      readProducts(o),
		Address:       readAddress(o.object("address")),
		DeliveryPrice: o.integer("deliveryPrice", 0),
		PaymentToken:  PaymentToken(o.text("paymentToken")),
	}
	if o.has("total") {
		claimed := o.integer("total", 0)
		r.claimedTotal = &claimed
	}
	if len(found.texts) > 0 {
		return r // a sum of wrong numbers would tell nobody anything
	}
	sum, err := total(linesOf(r.Products), r.DeliveryPrice)
	if err != nil || sum > MaxInteger {
		found.add(o.at.member("products"), fmt.Sprintf("the total of the order must be at most %d", MaxInteger))
	}
	r.Total = sum
	return r
}

func readProducts(o object) []Product {
	items, at := o.array("products", 1, MaxProducts)
	products := make([]Product, 0, len(items))
	firstAt := make(map[string]int, len(items))
	for i, item := range items {
		p := readProduct(newObject(item, at.item(i), o.found))
		if first, twice := firstAt[p.ProductID]; twice && p.ProductID != "" {
			o.found.add(at.item(i).member("productId"), fmt.Sprintf("is the same as in %v", at.item(first)))
		} else {
			firstAt[p.ProductID] = i
		}
		products = append(products, p)
	}
	return products
}

func readProduct(o object) Product {
	p := Product{ProductID: o.text("productId"), Name: o.text("name"), Price: o.integer("price", 0), Quantity: 1}
	if o.has("quantity") {
		p.Quantity = o.integer("quantity", 1)
	}
	box := o.object("package")
	p.Package = Package{
		Width:  box.integer("width", 0),
		Length: box.integer("length", 0),
		Height: box.integer("height", 0),
		Weight: box.integer("weight", 0),
	}
	return p
}

func readAddress(o object) Address {
	a := Address{
		Name:          o.text("name"),
		CompanyName:   o.optionalText("companyName"),
		StreetAddress: o.text("streetAddress"),
		PostCode:      o.optionalText("postCode"),
		City:          o.text("city"),
		State:         o.optionalText("state"),
		Country:       o.text("country"),
		PhoneNumber:   o.text("phoneNumber"),
	}
	if a.Country != "" && !isCountry(a.Country) {
		o.found.add(o.at.member("country"), "must be two letters (ISO 3166-1 alpha-2)")
	}
	return a
}

func isCountry(text string) bool {
	letter := func(c byte) bool { return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' }
	return len(text) == 2 && letter(text[0]) && letter(text[1])
}

// order is the new order that the request asks for.
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
	}
}
