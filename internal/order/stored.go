package order

import "fmt"

// FromDocument reads an order as a store holds it. It takes what the original platform wrote as well: values that
// ParseRequest would refuse, attributes that this version does not know (kept in Document), a quantity that is
// missing and means 1. The document may be a part of an order; what is absent stays empty. The error, for operators,
// says which attribute has an unreadable type, never its value.
func FromDocument(document []byte) (Order, error) {
	var found faults
	value, err := parseDocument(document, &found)
	if err != nil {
		return Order{}, fmt.Errorf("stored order: %w", err)
	}
	s := storedObject{newObject(value, nil, &found)}
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
	if len(found.texts) > 0 {
		return Order{}, fmt.Errorf("stored order %s: %s", o.OrderID, found.texts[0])
	}
	return o, nil
}

// A storedObject reads members that may all be absent.
type storedObject struct{ object }

func (s storedObject) text(name string) string {
	if text := s.optionalText(name); text != nil {
		return *text
	}
	return ""
}

func (s storedObject) integer(name string, absent int64) int64 {
	if !s.has(name) {
		return absent
	}
	v, _ := s.anyInteger(name)
	return v
}

func (s storedObject) child(name string) storedObject {
	if !s.has(name) {
		return storedObject{object{at: s.at.member(name), found: s.found}}
	}
	return storedObject{newObject(s.members[name], s.at.member(name), s.found)}
}

func (s storedObject) products() []Product {
	if !s.has("products") {
		return nil
	}
	at := s.at.member("products")
	items, ok := s.members["products"].([]any)
	if !ok {
		s.found.add(at, "is no list")
	}
	products := make([]Product, len(items))
	for i, item := range items {
		p := storedObject{newObject(item, at.item(i), s.found)}
		box := p.child("package")
		products[i] = Product{
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
		}
	}
	return products
}

func (s storedObject) address() Address {
	a := s.child("address")
	return Address{
		Name:          a.text("name"),
		CompanyName:   a.optionalText("companyName"),
		StreetAddress: a.text("streetAddress"),
		PostCode:      a.optionalText("postCode"),
		City:          a.text("city"),
		State:         a.optionalText("state"),
		Country:       a.text("country"),
		PhoneNumber:   a.text("phoneNumber"),
	}
}
