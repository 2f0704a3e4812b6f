package ordertest

import (
	"time"

	"pgregory.net/rapid"

	"orders/internal/order"
)

// Orders generates stored orders that are right in every respect, as new as can be or further along, up to the
// bounds of every number.
func Orders() *rapid.Generator[order.Order] {
	return rapid.Custom(func(t *rapid.T) order.Order {
		token := order.PaymentToken(texts.Draw(t, "paymentToken"))
		created := moments.Draw(t, "createdDate")
		modified := created.Add(time.Duration(rapid.Int64Range(0, 1e6).Draw(t, "microseconds since")) * time.Microsecond)
		o := order.Order{
			OrderID:       order.IDFor(token),
			UserID:        order.IDFor(order.PaymentToken(texts.Draw(t, "user"))),
			Status:        rapid.SampledFrom(Statuses()).Draw(t, "status"),
			CreatedDate:   order.NewDate(created),
			ModifiedDate:  order.NewDate(modified),
			Address:       Addresses().Draw(t, "address"),
			DeliveryPrice: integers.Draw(t, "deliveryPrice"),
			PaymentToken:  token,
		}
		o.Products = drawProducts(t, order.MaxInteger-o.DeliveryPrice)
		o.Total = totalOf(o)
		return o
	})
}

// NewOrders generates orders that nothing has touched since they were created.
func NewOrders() *rapid.Generator[order.Order] {
	return rapid.Map(Orders(), func(o order.Order) order.Order {
		o.Status, o.ModifiedDate = order.New, o.CreatedDate
		return o
	})
}

// Statuses is every status that this version knows, lowest first.
func Statuses() []order.Status {
	return []order.Status{order.New, order.PackagingFailed, order.Packaged, order.DeliveryFailed, order.Fulfilled}
}

// drawProducts draws products that together cost at most budget, in minor units.
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

// Addresses generates addresses, with any of the optional fields absent or empty.
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
