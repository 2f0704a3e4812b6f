package ordertest

import (
	"encoding/json"
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"orders/internal/order"
)

// Requests generates the JSON of requests that have the right shape and total.
func Requests() *rapid.Generator[json.RawMessage] {
	return rapid.Custom(func(t *rapid.T) json.RawMessage { return DrawRequest(t, NewOrders().Draw(t, "order")) })
}

// DrawRequest draws one of the many ways to ask for o: members in any order, space between them, unknown members,
// a quantity of 1 or the total left out, integers written with a fraction or an exponent.
func DrawRequest(t *rapid.T, o order.Order) json.RawMessage {
	w := writer{t}
	var products []string
	for _, p := range o.Products {
		fields := []string{
			w.text("productId", p.ProductID), w.text("name", p.Name), w.integer("price", p.Price),
			member("package", w.object(w.integer("width", p.Package.Width), w.integer("length", p.Package.Length),
				w.integer("height", p.Package.Height), w.integer("weight", p.Package.Weight))),
		}
		if p.Quantity != 1 || w.wanted() {
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
	if w.wanted() {
		fields = append(fields, w.integer("total", o.Total))
	}
	return json.RawMessage(w.space() + w.object(fields...) + w.space())
}

// A writer spells JSON as it is drawn.
type writer struct{ t *rapid.T }

func (w writer) wanted() bool { return rapid.Bool().Draw(w.t, "wanted") }

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
	if w.wanted() {
		unknown := rapid.SampledFrom([]string{`"Total": -1`, `"": null`, `"orderId": {"a": [1e400, {}]}`, `"userId": "x"`, `"x-\u2028": [[]]`})
		members = append(members, unknown.Draw(w.t, "unknown member"))
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

func (w writer) integer(name string, value int64) string {
	layout := rapid.SampledFrom([]string{"%d", "%d", "%d.0", "%d.00e0", "%de+0", "%d.0E-0"}).Draw(w.t, "spelling")
	return member(name, fmt.Sprintf(layout, value))
}

func member(name, value string) string { return fmt.Sprintf("%q: %s", name, value) }
