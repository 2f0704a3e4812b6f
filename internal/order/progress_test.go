package order

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func progressOf(status Status, lines ...Line) Progress {
	sum, err := total(lines, 100)
	if err != nil {
		panic(err)
	}
	return Progress{OrderID: IDFor("t"), Status: status, Lines: lines, DeliveryPrice: 100, Total: sum, ModifiedDate: "2026-01-01T00:00:00.000000Z"}
}

func TestApply(t *testing.T) {
	a, b := Line{"a", 10, 3}, Line{"b", 7, 2}
	metadata := PackedProduct{"__metadata", AsOrdered}
	pack := func(entries ...PackedProduct) FulfilmentUpdate {
		return FulfilmentUpdate{Status: Packaged, Package: append(entries, metadata)}
	}
	for name, c := range map[string]struct {
		before Progress
		update FulfilmentUpdate
		after  Progress
		effect Status
	}{
		"all packed":                     {progressOf(New, a, b), pack(PackedProduct{"a", 3}, PackedProduct{"b", 2}), progressOf(Packaged, a, b), Packaged},
		"quantity missing":               {progressOf(New, a), pack(PackedProduct{"a", AsOrdered}), progressOf(Packaged, a), Packaged},
		"fewer packed":                   {progressOf(New, a, b), pack(PackedProduct{"a", 1}, PackedProduct{"b", 2}), progressOf(Packaged, Line{"a", 10, 1}, b), Packaged},
		"more packed than ordered":       {progressOf(New, a), pack(PackedProduct{"a", 9}), progressOf(Packaged, a), Packaged},
		"one product missing":            {progressOf(New, a, b), pack(PackedProduct{"b", 2}), progressOf(Packaged, Line{"a", 10, 0}, b), Packaged},
		"quantity below 1 is not packed": {progressOf(New, a, b), pack(PackedProduct{"a", 0}, PackedProduct{"b", 2}), progressOf(Packaged, Line{"a", 10, 0}, b), Packaged},
		"negative quantity, then one":    {progressOf(New, a), pack(PackedProduct{"a", -5}, PackedProduct{"a", 2}), progressOf(Packaged, Line{"a", 10, 2}), Packaged},
		"one product in two lines":       {progressOf(New, a), pack(PackedProduct{"a", 1}, PackedProduct{"a", 1}), progressOf(Packaged, Line{"a", 10, 2}), Packaged},
		"unknown products ignored":       {progressOf(New, a), pack(PackedProduct{"z", 3}, PackedProduct{"a", 3}), progressOf(Packaged, a), Packaged},
		"bookkeeping alone":              {progressOf(New, a), pack(), progressOf(PackagingFailed, a), PackagingFailed},
		"nothing of the order":           {progressOf(New, a), pack(PackedProduct{"z", 3}), progressOf(PackagingFailed, a), PackagingFailed},
		"package after delivery":         {progressOf(Fulfilled, a, b), pack(PackedProduct{"a", 1}), progressOf(Fulfilled, Line{"a", 10, 1}, Line{"b", 7, 0}), Packaged},
		"packaging failed":               {progressOf(New, a), FulfilmentUpdate{Status: PackagingFailed}, progressOf(PackagingFailed, a), PackagingFailed},
		"packaging failed, then packed":  {progressOf(PackagingFailed, a), pack(PackedProduct{"a", 3}), progressOf(Packaged, a), Packaged},
		"late failure of packaging":      {progressOf(Packaged, a), FulfilmentUpdate{Status: PackagingFailed}, progressOf(Packaged, a), PackagingFailed},
		"late empty package":             {progressOf(Fulfilled, a), pack(), progressOf(Fulfilled, a), PackagingFailed},
		"delivered":                      {progressOf(Packaged, a), FulfilmentUpdate{Status: Fulfilled}, progressOf(Fulfilled, a), Fulfilled},
		"delivery failed":                {progressOf(Packaged, a), FulfilmentUpdate{Status: DeliveryFailed}, progressOf(DeliveryFailed, a), DeliveryFailed},
		"delivered at the second try":    {progressOf(DeliveryFailed, a), FulfilmentUpdate{Status: Fulfilled}, progressOf(Fulfilled, a), Fulfilled},
		"failure behind delivery":        {progressOf(Fulfilled, a), FulfilmentUpdate{Status: DeliveryFailed}, progressOf(Fulfilled, a), DeliveryFailed},
	} {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(c.before.Lines)
			after, effect, err := c.before.apply(c.update)
			require.NoError(t, err)
			require.Equal(t, c.after, after)
			require.Equal(t, c.effect, effect)
			require.Equal(t, before, c.before.Lines, "apply must not change what it was given")
		})
	}
}

func TestApplyReturnsAnErrorIfTheTotalOverflows(t *testing.T) {
	huge := Line{"a", 1 << 62, 1 << 62}
	p := Progress{Status: New, Lines: []Line{huge, {"b", 1, 1}}}
	after, _, err := p.apply(FulfilmentUpdate{Status: Packaged, Package: []PackedProduct{{"a", AsOrdered}}})
	require.ErrorIs(t, err, errOverflow)
	require.True(t, after.Equal(p))
}

// An updates value is an order's progress and updates for it.
type updates struct {
	start Progress
	all   []FulfilmentUpdate
}

func anyUpdates() *rapid.Generator[updates] {
	return rapid.Custom(func(t *rapid.T) updates {
		lines := make([]Line, rapid.IntRange(1, 4).Draw(t, "lines"))
		for i := range lines {
			lines[i] = Line{string(rune('a' + i)), rapid.Int64Range(0, 1000).Draw(t, "price"), rapid.Int64Range(1, 5).Draw(t, "quantity")}
		}
		entry := rapid.Custom(func(t *rapid.T) PackedProduct {
			return PackedProduct{rapid.SampledFrom([]string{"a", "b", "c", "d", "z", "__metadata"}).Draw(t, "product"),
				rapid.OneOf(rapid.Int64Range(-1, 6), rapid.Just[int64](AsOrdered)).Draw(t, "packed")}
		})
		update := rapid.Custom(func(t *rapid.T) FulfilmentUpdate {
			u := FulfilmentUpdate{Status: rapid.SampledFrom(Statuses()[1:]).Draw(t, "status")}
			if u.Status == Packaged {
				u.Package = rapid.SliceOfN(entry, 0, 5).Draw(t, "package")
			}
			return u
		})
		return updates{progressOf(New, lines...), rapid.SliceOfN(update, 1, 6).Draw(t, "updates")}
	})
}

// The rules for applying updates that hold for any set of them; law_test.go has the rest.
func TestAnyUpdatesLeaveAConsistentOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := anyUpdates().Draw(t, "updates")
		before := u.start
		for _, update := range u.all {
			after, _, err := before.apply(update)
			require.NoError(t, err)
			require.Equal(t, after.Status, before.Status.Max(after.Status), "the status only rises")
			require.Len(t, after.Lines, len(before.Lines))
			for i := range after.Lines {
				require.LessOrEqual(t, after.Lines[i].Quantity, before.Lines[i].Quantity, "quantities only decrease")
				require.GreaterOrEqual(t, after.Lines[i].Quantity, int64(0))
			}
			require.True(t, slices.ContainsFunc(after.Lines, func(l Line) bool { return l.Quantity > 0 }), "an order keeps a product")
			sum, err := total(after.Lines, after.DeliveryPrice)
			require.NoError(t, err)
			require.Equal(t, sum, after.Total)
			again, _, err := after.apply(update)
			require.NoError(t, err)
			require.Equal(t, after, again, "a duplicate changes nothing")
			before = after
		}
	})
}

func TestParsePackageCreated(t *testing.T) {
	got, err := ParsePackageCreated([]byte(`{"orderId":"x","products":[
		{"productId":"a","quantity":2,"price":1},{"productId":"b"},{"productId":"c","quantity":0.0},{"productId":"d","quantity":-3},
		{"productId":"__metadata","orderId":"x","status":"COMPLETED","modifiedDate":"2026-01-01T00:00:00"}]}`))
	require.NoError(t, err)
	require.Equal(t, []PackedProduct{{"a", 2}, {"b", AsOrdered}, {"c", 0}, {"d", -3}, {"__metadata", AsOrdered}}, got)

	got, err = ParsePackageCreated([]byte(`{"products":[]}`))
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestMalformedPackagesAreErrors(t *testing.T) {
	for detail, want := range map[string]string{
		``:                               "unexpected end of JSON input",
		`null`:                           "must be an object",
		`{}`:                             "/products: is required",
		`{"products":null}`:              "/products: must be an array",
		`{"products":{}}`:                "/products: must be an array",
		`{"products":[3]}`:               "/products/0: must be an object",
		`{"products":[{}]}`:              "/products/0/productId: is required",
		`{"products":[{"productId":7}]}`: "/products/0/productId: must be a string",
		`{"products":[{"productId":"a","quantity":"2"}]}`:  "/products/0/quantity: must be an integer",
		`{"products":[{"productId":"a","quantity":1.5}]}`:  "/products/0/quantity: must be an integer",
		`{"products":[{"productId":"a","quantity":null}]}`: "/products/0/quantity: must be an integer",
	} {
		_, err := ParsePackageCreated([]byte(detail))
		require.ErrorContains(t, err, want, detail)
	}
}

func FuzzParsePackageCreated(f *testing.F) {
	f.Add([]byte(`{"products":[{"productId":"a","quantity":2},{"productId":"__metadata"}]}`))
	f.Add([]byte(`{"products":null}`))
	f.Fuzz(func(t *testing.T, detail []byte) {
		packed, err := ParsePackageCreated(detail)
		if err != nil {
			require.Nil(t, packed)
		}
	})
}
