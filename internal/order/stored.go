package order

import (
	"encoding/json"
	"fmt"
	"math"

	"orders/internal/strictjson"
)

// An UnreadableItem is a stored item that cannot be read as an order. It is the cause of an error
// of kind Unreadable.
type UnreadableItem struct {
	OrderID  string          // empty if the item has no such string
	UserID   string          // empty if the item has no such string
	Document json.RawMessage // the item as JSON, uninterpreted
	Reason   string          // for operators: the place of the first error, never a value
}

// Error returns the order's ID and the reason.
func (u *UnreadableItem) Error() string { return fmt.Sprintf("order %s: %s", u.OrderID, u.Reason) }

// GoString hides the document from %#v.
func (u *UnreadableItem) GoString() string { return u.Error() }

func unreadable(u *UnreadableItem) *Error {
	return &Error{
		Kind:    Unreadable,
		Message: "Order cannot be read",
		Details: []string{"The order is stored, but cannot be read"},
		Err:     u,
	}
}

// FromAttributes reads an order, or a part of one, from the attributes of an item: maps, slices,
// strings, json.Numbers, bools and nils. It is lenient, because items may have been written by the
// original platform, by an import or by hand: a number may be written as a string or with a
// fraction or exponent if it is whole, and an absent or null attribute has its zero value, or 1 if
// it is a quantity. It accepts values that ParseRequest rejects and ignores unknown attributes. It
// does not set Document. The error is Unreadable, caused by an [*UnreadableItem].
func FromAttributes(attributes map[string]any) (Order, error) {
	s := stored{strictjson.NewObject(attributes)}
	o := s.order()
	errs := s.Errors()
	if errs == nil {
		return o, nil
	}
	document, err := strictjson.Marshal(attributes)
	if err != nil {
		return Order{}, StoreError(err)
	}
	return Order{}, unreadable(&UnreadableItem{o.OrderID, o.UserID, document, errs[0]})
}

// FromDocument reads an order as FromAttributes does, from its JSON, and sets Document.
func FromDocument(document []byte) (Order, error) {
	object, err := strictjson.Parse(document)
	if err != nil {
		return Order{}, unreadable(&UnreadableItem{Document: document, Reason: err.Error()})
	}
	o := stored{object}.order()
	if errs := object.Errors(); errs != nil {
		return Order{}, unreadable(&UnreadableItem{o.OrderID, o.UserID, document, errs[0]})
	}
	o.Document = document
	return o, nil
}

// A stored object reads properties leniently.
type stored struct{ strictjson.Object }

func (s stored) order() Order {
	history, readable := s.history()
	return Order{
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
		History:       history,
		keepsHistory:  !readable,
	}
}

// history returns the entries that can be read, and reports whether there is a list of them, or
// nothing that would stand in the way of one. An unreadable history makes no order unreadable.
func (s stored) history() (history History, readable bool) {
	value := s.Value("history")
	list, ok := value.([]any)
	for _, item := range list {
		entry, _ := item.(map[string]any)
		status, isText := entry["status"].(string)
		date, isDate := entry["date"].(string)
		if isText && isDate {
			history = append(history, HistoryEntry{Status(status), Date(date)})
		}
	}
	return history, ok || value == nil
}

func (s stored) products() []Product {
	if s.Value("products") == nil {
		return []Product{}
	}
	products := make([]Product, 0, 8)
	for _, item := range s.Objects("products", 0, math.MaxInt) {
		p := stored{item}
		box := p.object("package")
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

func (s stored) address() Address {
	a := s.object("address")
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

// object returns an object without properties if there is none.
func (s stored) object(name string) stored {
	if s.Value(name) == nil {
		return stored{}
	}
	return stored{s.Object.Object(name)}
}

func (s stored) optionalText(name string) *string {
	if s.Value(name) == nil {
		return nil
	}
	return s.OptionalString(name)
}

func (s stored) text(name string) string {
	if text := s.optionalText(name); text != nil {
		return *text
	}
	return ""
}

func (s stored) integer(name string, absent int64) int64 {
	var number json.Number
	switch v := s.Value(name).(type) {
	case nil:
		return absent
	case json.Number:
		number = v
	case string:
		number = json.Number(v)
	}
	v, ok := strictjson.Int64(number)
	if !ok {
		s.AddError(name, "must be an integer")
	}
	return v
}
