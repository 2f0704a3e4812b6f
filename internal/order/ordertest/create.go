package ordertest

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/order"
)

func createdIsRead(t *testing.T, s Fixture) {
	optional := func(company, postCode, state *string) func(*order.Order) {
		return func(o *order.Order) {
			o.Address.CompanyName, o.Address.PostCode, o.Address.State = company, postCode, state
		}
	}
	text := func(text string) func(*order.Order) {
		return func(o *order.Order) {
			o.Products[0].ProductID, o.Products[0].Name = text, text
			o.Address = order.Address{Name: text, CompanyName: &text, StreetAddress: text, City: text, Country: "SE", PhoneNumber: text}
		}
	}
	empty, full := "", "Full"
	for name, edit := range map[string]func(*order.Order){
		"as usual":            func(*order.Order) {},
		"nothing optional":    optional(nil, nil, nil),
		"optional but empty":  optional(&empty, &empty, &empty),
		"everything optional": optional(&full, &full, &full),
		"scripts":             text("Łódź 東京 שלום 🧦 e\u0301"),
		"markup":              text("<script>&amp;'\"\\/</script>"),
		"separators":          text("a\u2028b\u2029c\r\n\t\x01\x7f"),
		"largest numbers": func(o *order.Order) {
			o.Products = []order.Product{{ProductID: "p", Name: "p", Price: order.MaxInteger, Quantity: 1,
				Package: order.Package{Width: order.MaxInteger, Length: order.MaxInteger, Height: order.MaxInteger, Weight: order.MaxInteger}}}
			o.DeliveryPrice = 0
		},
		"all zero": func(o *order.Order) {
			o.Products, o.DeliveryPrice = []order.Product{{ProductID: "p", Name: "p", Quantity: 1}}, 0
		},
		"many lines": func(o *order.Order) { o.Products = manyProducts() },
		"changed since": func(o *order.Order) {
			o.Status, o.ModifiedDate = order.Packaged, next(o.CreatedDate)
		},
		"dates without a zone": func(o *order.Order) { o.CreatedDate, o.ModifiedDate = "2020-02-29T23:59:59", "2020-02-29T23:59:59.5" },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, o := within(t), Sample(edit)
			create(t, ctx, s, o)
			got := get(t, ctx, s, o.OrderID)
			requireSame(t, o, got)
			requireStored(t, s, o.OrderID, encode(t, o))
			requireStored(t, s, o.OrderID, got.Document)
		})
	}
}

func manyProducts() []order.Product {
	products := make([]order.Product, order.MaxProducts)
	for i := range products {
		products[i] = order.Product{ProductID: fmt.Sprint("product-", i), Name: strings.Repeat("n", i+1), Price: int64(i), Quantity: int64(i) + 1}
	}
	return products
}

func anyCreatedIsRead(t *testing.T, s Fixture) {
	ctx, orders := within(t), Orders()
	rapid.Check(t, func(t *rapid.T) {
		o := orders.Draw(t, "order")
		o.OrderID = freshID() // the drawn one may have been stored by an earlier call
		create(t, ctx, s, o)
		requireSame(t, o, get(t, ctx, s, o.OrderID))
	})
}

func originalIsRead(t *testing.T, s Fixture) {
	orderID, userID := freshID(), uuid.NewString()
	s.Seed(t, Original(orderID, userID))
	got := get(t, within(t), s, orderID)
	requireSame(t, originalOrder(orderID, userID), got)
	require.Equal(t, decode(t, Original(orderID, userID)), decode(t, got.Document), "attributes that this version does not know")
}

func createdOnce(t *testing.T, s Fixture) {
	ctx, o := within(t), Sample()
	create(t, ctx, s, o)
	_, err := s.Store.Update(ctx, o.OrderID, func(p order.Progress) (order.Progress, error) {
		p.Status, p.ModifiedDate = order.Fulfilled, next(p.ModifiedDate)
		return p, nil
	})
	require.NoError(t, err)
	now := get(t, ctx, s, o.OrderID)

	for _, again := range []order.Order{o, Sample(func(other *order.Order) { other.OrderID = o.OrderID })} {
		existing, err := s.Store.Create(ctx, again)
		require.NoError(t, err)
		require.NotNil(t, existing)
		requireSame(t, now, *existing)
		require.Equal(t, order.Fulfilled, existing.Status, "as it is now, not as it was")
		requireStored(t, s, o.OrderID, now.Document)
		requireStored(t, s, o.OrderID, existing.Document)
	}
}

func originalIsNotReplaced(t *testing.T, s Fixture) {
	orderID, userID := freshID(), uuid.NewString()
	s.Seed(t, Original(orderID, userID))
	existing, err := s.Store.Create(within(t), Sample(func(o *order.Order) { o.OrderID = orderID }))
	require.NoError(t, err)
	require.NotNil(t, existing)
	requireSame(t, originalOrder(orderID, userID), *existing)
	requireStored(t, s, orderID, Original(orderID, userID))
	requireStored(t, s, orderID, existing.Document)
}

// oneCreateWins distinguishes the racing orders by their users.
func oneCreateWins(t *testing.T, s Fixture) {
	const racers = 20
	ctx, orderID, start := within(t), freshID(), make(chan struct{})
	var (
		orders   [racers]order.Order
		existing [racers]*order.Order
		errs     [racers]error
		all      sync.WaitGroup
	)
	for i := range racers {
		orders[i] = Sample(func(o *order.Order) { o.OrderID = orderID })
		all.Go(func() {
			<-start
			existing[i], errs[i] = s.Store.Create(ctx, orders[i])
		})
	}
	close(start)
	all.Wait()

	stored, winners := get(t, ctx, s, orderID), 0
	for i := range racers {
		require.NoError(t, errs[i])
		if existing[i] == nil {
			winners++
		}
		requireSame(t, stored, *cmp.Or(existing[i], &orders[i])) // the winner's own order, or what the others got
	}
	require.Equal(t, 1, winners)
}

func noneIsNotFound(t *testing.T, s Fixture) {
	_, err := s.Store.Get(within(t), freshID())
	requireKind(t, order.NotFound, err)
}
