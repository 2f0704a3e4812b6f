package ordertest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"orders/internal/order"
)

// Orders returns a generator of valid stored orders in any status, up to the bounds of every
// number.
func Orders() *rapid.Generator[order.Order] {
	return rapid.Custom(func(t *rapid.T) order.Order {
		token := order.PaymentToken(texts.Draw(t, "paymentToken"))
		created := moments.Draw(t, "createdDate")
		modified := created.Add(time.Duration(rapid.Int64Range(0, 1e6).Draw(t, "microseconds since")) * time.Microsecond)
		o := order.Order{
			OrderID:       order.IDFor(token),
			UserID:        order.IDFor(order.PaymentToken(texts.Draw(t, "user"))),
			Status:        rapid.SampledFrom(order.Statuses()).Draw(t, "status"),
			CreatedDate:   order.NewDate(created),
			ModifiedDate:  order.NewDate(modified),
			Address:       Addresses().Draw(t, "address"),
			DeliveryPrice: integers.Draw(t, "deliveryPrice"),
			PaymentToken:  token,
		}
		o.Products = drawProducts(t, order.MaxInteger-o.DeliveryPrice)
		o.Total = totalOf(o)
		if rapid.Bool().Draw(t, "history") { // otherwise written by the original platform
			o.History = historyOf(o)
		}
		return o
	})
}

// NewOrders returns a generator of orders that have not changed since they were created.
func NewOrders() *rapid.Generator[order.Order] {
	return rapid.Map(Orders(), func(o order.Order) order.Order {
		o.Status, o.ModifiedDate = order.New, o.CreatedDate
		o.History = historyOf(o)
		return o
	})
}

// drawProducts draws products that cost at most budget in total, in minor units.
func drawProducts(t *rapid.T, budget int64) []order.Product {
	names := rapid.SliceOfNDistinct(texts, 1, 6, rapid.ID).Draw(t, "productIds")
	products := make([]order.Product, len(names))
	for i, id := range names {
		quantity := rapid.OneOf(rapid.Int64Range(1, 5), rapid.Int64Range(1, order.MaxInteger)).Draw(t, "quantity")
		price := rapid.Int64Range(0, budget/quantity).Draw(t, "price")
		budget -= price * quantity
		products[i] = order.Product{
			ProductID: id,
			Name:      texts.Draw(t, "name"),
			Package: order.Package{
				Width:  integers.Draw(t, "width"),
				Length: integers.Draw(t, "length"),
				Height: integers.Draw(t, "height"),
				Weight: integers.Draw(t, "weight"),
			},
			Price:    price,
			Quantity: quantity,
		}
	}
	return products
}

// Addresses returns a generator of addresses whose optional fields may be absent or empty.
func Addresses() *rapid.Generator[order.Address] {
	return rapid.Custom(func(t *rapid.T) order.Address {
		optional := rapid.Ptr(rapid.OneOf(rapid.Just(""), texts), true)
		return order.Address{
			Name:          texts.Draw(t, "name"),
			CompanyName:   optional.Draw(t, "companyName"),
			StreetAddress: texts.Draw(t, "streetAddress"),
			PostCode:      optional.Draw(t, "postCode"),
			City:          texts.Draw(t, "city"),
			State:         optional.Draw(t, "state"),
			Country:       rapid.StringMatching(`[A-Za-z]{2}`).Draw(t, "country"),
			PhoneNumber:   texts.Draw(t, "phoneNumber"),
		}
	})
}

var (
	integers = rapid.OneOf(rapid.Int64Range(0, 5000), rapid.Int64Range(0, order.MaxInteger))

	texts = rapid.OneOf(
		rapid.StringMatching(`[A-Za-z0-9-]{1,20}`),
		rapid.SampledFrom([]string{" ", "<b>&amp;</b>", "\"quoted\\", "a\u2028b\u2029", "null", "0", "żółć 東京 🧦", "\x00\x1f\x7f", "~/~0~1"}),
		rapid.StringN(1, 20, -1),
	)

	moments = rapid.Map(rapid.Int64Range(1577836800000000, 4102444800000000), time.UnixMicro) // 2020 to 2100
)

// Requests returns a generator of the JSON of valid requests.
func Requests() *rapid.Generator[json.RawMessage] {
	return rapid.Custom(func(t *rapid.T) json.RawMessage { return DrawRequest(t, NewOrders().Draw(t, "order")) })
}

// DrawRequest draws one of the many ways to write a request for o: properties in any order, white
// space, unknown properties, a quantity of 1 or the total left out, integers written with a
// fraction or an exponent.
func DrawRequest(t *rapid.T, o order.Order) json.RawMessage {
	w := writer{t}
	var products []string
	for _, p := range o.Products {
		fields := []string{
			w.text("productId", p.ProductID), w.text("name", p.Name), w.integer("price", p.Price),
			member("package", w.object(w.integer("width", p.Package.Width), w.integer("length", p.Package.Length),
				w.integer("height", p.Package.Height), w.integer("weight", p.Package.Weight))),
		}
		if p.Quantity != 1 || w.include() {
			fields = append(fields, w.integer("quantity", p.Quantity))
		}
		products = append(products, w.object(fields...))
	}
	fields := []string{
		member("products", "["+strings.Join(products, w.space()+","+w.space())+"]"),
		member("address", w.address(o.Address)),
		w.integer("deliveryPrice", o.DeliveryPrice),
		w.text("paymentToken", string(o.PaymentToken)),
	}
	if w.include() {
		fields = append(fields, w.integer("total", o.Total))
	}
	return json.RawMessage(w.space() + w.object(fields...) + w.space())
}

// DrawAttributes draws one of the ways in which a table may hold o: integers as strings, with a
// fraction or an exponent, and what is empty left out or null.
func DrawAttributes(t *rapid.T, o order.Order) map[string]any {
	w := writer{t}
	products := make([]any, len(o.Products))
	for i, p := range o.Products {
		products[i] = w.attributes(map[string]any{
			"productId": p.ProductID, "name": p.Name, "price": p.Price, "quantity": p.Quantity, "giftWrap": true,
			"package": w.attributes(map[string]any{
				"width": p.Package.Width, "length": p.Package.Length, "height": p.Package.Height, "weight": p.Package.Weight,
			}),
		})
	}
	return w.attributes(map[string]any{
		"orderId": o.OrderID, "userId": o.UserID, "status": string(o.Status),
		"createdDate": string(o.CreatedDate), "modifiedDate": string(o.ModifiedDate),
		"products": products, "deliveryPrice": o.DeliveryPrice, "paymentToken": string(o.PaymentToken), "total": o.Total,
		"history": historyAttributes(o.History),
		"address": w.attributes(map[string]any{
			"name": o.Address.Name, "streetAddress": o.Address.StreetAddress, "city": o.Address.City, "country": o.Address.Country,
			"phoneNumber": o.Address.PhoneNumber, "companyName": o.Address.CompanyName, "postCode": o.Address.PostCode, "state": o.Address.State,
		}),
	})
}

func historyAttributes(history order.History) []any {
	attributes := make([]any, len(history))
	for i, entry := range history {
		attributes[i] = map[string]any{"status": string(entry.Status), "date": string(entry.Date)}
	}
	return attributes
}

// A writer writes JSON in drawn ways.
type writer struct{ t *rapid.T }

func (w writer) include() bool { return rapid.Bool().Draw(w.t, "include") }

func (w writer) space() string {
	return rapid.SampledFrom([]string{"", " ", "\r\n\t"}).Draw(w.t, "space")
}

func (w writer) address(a order.Address) string {
	fields := []string{
		w.text("name", a.Name), w.text("streetAddress", a.StreetAddress), w.text("city", a.City),
		w.text("country", a.Country), w.text("phoneNumber", a.PhoneNumber),
	}
	for _, optional := range []struct {
		name  string
		value *string
	}{{"companyName", a.CompanyName}, {"postCode", a.PostCode}, {"state", a.State}} {
		if optional.value != nil {
			fields = append(fields, w.text(optional.name, *optional.value))
		}
	}
	return w.object(fields...)
}

func (w writer) object(members ...string) string {
	if w.include() {
		unknown := rapid.SampledFrom([]string{`"Total": -1`, `"": null`, `"orderId": {"a": [1e400, {}]}`, `"userId": "x"`, `"x-\u2028": [[]]`})
		members = append(members, unknown.Draw(w.t, "unknown property"))
	}
	members = rapid.Permutation(members).Draw(w.t, "members")
	return "{" + w.space() + strings.Join(members, w.space()+","+w.space()) + w.space() + "}"
}

func (w writer) text(name, value string) string {
	text, err := json.Marshal(value)
	if err != nil {
		w.t.Fatal(err)
	}
	return member(name, string(text))
}

func (w writer) attributes(values map[string]any) map[string]any {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		absent := false
		switch v := values[name].(type) {
		case int64:
			absent = v == 0 && name != "quantity" || v == 1 && name == "quantity"
			number := fmt.Sprintf(rapid.SampledFrom([]string{"%d", "%d.0", "%d.00e0", "%d0E-1"}).Draw(w.t, "layout"), v)
			if values[name] = json.Number(number); w.include() {
				values[name] = number
			}
		case *string:
			if absent = v == nil; !absent {
				values[name] = *v
			}
		case map[string]any:
			absent = len(v) == 0
		case []any:
			absent = len(v) == 0
		}
		if absent && w.include() {
			values[name] = nil
		} else if absent {
			delete(values, name)
		}
	}
	return values
}

func (w writer) integer(name string, value int64) string {
	layout := rapid.SampledFrom([]string{"%d", "%d", "%d.0", "%d.00e0", "%de+0", "%d.0E-0"}).Draw(w.t, "layout")
	return member(name, fmt.Sprintf(layout, value))
}

func member(name, value string) string { return fmt.Sprintf("%q: %s", name, value) }
