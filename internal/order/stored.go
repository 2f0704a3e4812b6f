package order

import (
	"fmt"
	"math"

	"orders/internal/strictjson"
)

// FromDocument reads an order as a store holds it. It also reads what the original platform wrote:
// values that ParseRequest rejects, attributes that this version does not know (kept in Document),
// a missing quantity, which means 1. The document may be a part of an order; what is absent stays
// empty. The error, for operators, names the attribute of the wrong type, never its value.
func FromDocument(document []byte) (Order, error) {
	value, err := strictjson.Parse(document)
	if err != nil {
		return Order{}, fmt.Errorf("stored order: %w", err)
	}
	s := storedObject{value}
	o := Order{
		OrderID:       s.text("orderId"),
		UserID:        s.text("userId"),
		Status:        Status(s.text("status")),
		CreatedDate:   Date(s.text("createdDate")),
		ModifiedDate:  Date(s.text("modifiedDate")),
		Products:      s.products(),
		Address:       s.address(),
		DeliveryPrice: s.integer("deliveryPrice", 0),
		PaymentToken:  PaymentToken(s.text("paymentToken")),
		Total:         s.integer("total", 0),
		Document:      document,
	}
	if errs := value.Errors(); errs != nil {
		return Order{}, fmt.Errorf("stored order %s: %s", o.OrderID, errs[0])
	}
	return o, nil
}

// A storedObject reads properties that may all be absent.
type storedObject struct{ strictjson.Object }

func (s storedObject) text(name string) string {
	if text := s.OptionalString(name); text != nil {
		return *text
	}
	return ""
}

func (s storedObject) integer(name string, absent int64) int64 {
	if !s.Has(name) {
		return absent
	}
	return s.Integer(name, math.MinInt64, math.MaxInt64)
}

func (s storedObject) child(name string) storedObject {
	if !s.Has(name) {
		return storedObject{}
	}
	return storedObject{s.Object.Object(name)}
}

func (s storedObject) products() []Product {
	if !s.Has("products") {
		return nil
	}
	products := []Product{}
	for _, item := range s.Objects("products", 0, math.MaxInt) {
		p := storedObject{item}
		box := p.child("package")
		products = append(products, Product{
			ProductID: p.text("productId"),
			Name:      p.text("name"),
			Package: Package{
				Width:  box.integer("width", 0),
				Length: box.integer("length", 0),
				Height: box.integer("height", 0),
				Weight: box.integer("weight", 0),
			},
			Price:    p.integer("price", 0),
			Quantity: p.integer("quantity", 1),
		})
	}
	return products
}

func (s storedObject) address() Address {
	a := s.child("address")
	return Address{
		Name:          a.text("name"),
		CompanyName:   a.OptionalString("companyName"),
		StreetAddress: a.text("streetAddress"),
		PostCode:      a.OptionalString("postCode"),
		City:          a.text("city"),
		State:         a.OptionalString("state"),
		Country:       a.text("country"),
		PhoneNumber:   a.text("phoneNumber"),
	}
}
