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
		report FulfilmentUpdate
		after  Progress
		effect Status
	}{
		"all packed":                     {progressOf(New, a, b), pack(PackedProduct{"a", 3}, PackedProduct{"b", 2}), progressOf(Packaged, a, b), Packaged},
		"quantity not told":              {progressOf(New, a), pack(PackedProduct{"a", AsOrdered}), progressOf(Packaged, a), Packaged},
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
			after, effect, err := c.before.apply(c.report)
			require.NoError(t, err)
			require.Equal(t, c.after, after)
			require.Equal(t, c.effect, effect)
			require.Equal(t, before, c.before.Lines, "apply must not change what it was given")
		})
	}
}

func TestApplyTellsOfATotalThatDoesNotFit(t *testing.T) {
	huge := Line{"a", 1 << 62, 1 << 62}
	p := Progress{Status: New, Lines: []Line{huge, {"b", 1, 1}}}
	after, _, err := p.apply(FulfilmentUpdate{Status: Packaged, Package: []PackedProduct{{"a", AsOrdered}}})
	require.ErrorIs(t, err, errOverflow)
	require.True(t, after.Equal(p))
}

// A history is an order and reports about it.
type history struct {
	start   Progress
	reports []FulfilmentUpdate
}

// histories draws orders with reports, whose packages all hold a first product of the order if shared is set.
func histories(shared bool) *rapid.Generator[history] {
	return rapid.Custom(func(t *rapid.T) history {
		lines := make([]Line, rapid.IntRange(1, 4).Draw(t, "lines"))
		for i := range lines {
			lines[i] = Line{string(rune('a' + i)), rapid.Int64Range(0, 1000).Draw(t, "price"), rapid.Int64Range(1, 5).Draw(t, "quantity")}
		}
		entry := rapid.Custom(func(t *rapid.T) PackedProduct {
			return PackedProduct{rapid.SampledFrom([]string{"a", "b", "c", "d", "z", "__metadata"}).Draw(t, "product"),
				rapid.OneOf(rapid.Int64Range(-1, 6), rapid.Just[int64](AsOrdered)).Draw(t, "packed")}
		})
		report := rapid.Custom(func(t *rapid.T) FulfilmentUpdate {
			r := FulfilmentUpdate{Status: rapid.SampledFrom(statuses[1:]).Draw(t, "status")}
			if r.Status == Packaged {
				r.Package = rapid.SliceOfN(entry, 0, 5).Draw(t, "package")
				if shared {
					r.Package = append(r.Package, PackedProduct{"a", rapid.Int64Range(1, 6).Draw(t, "shared")})
				}
			}
			return r
		})
		return history{progressOf(New, lines...), rapid.SliceOfN(report, 1, 6).Draw(t, "reports")}
	})
}

func follow(t require.TestingT, p Progress, reports []FulfilmentUpdate) Progress {
	for _, r := range reports {
		after, _, err := p.apply(r)
		require.NoError(t, err)
		p = after
	}
	return p
}

// The law of contract section 7.
func TestEveryArrivalOrderAndRepetitionEndsInTheSameOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := histories(true).Draw(t, "history")
		once := follow(t, h.start, h.reports)
		arrivals := rapid.Permutation(append(slices.Clone(h.reports), rapid.SliceOf(rapid.SampledFrom(h.reports)).Draw(t, "again")...)).Draw(t, "arrivals")
		require.Equal(t, once, follow(t, h.start, arrivals))
	})
}

func TestWhateverIsReportedTheOrderStaysSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := histories(false).Draw(t, "history")
		p := h.start
		for _, r := range h.reports {
			after := follow(t, p, []FulfilmentUpdate{r})
			require.Equal(t, after.Status, p.Status.Max(after.Status), "status only rises")
			require.Len(t, after.Lines, len(p.Lines))
			for i := range after.Lines {
				require.LessOrEqual(t, after.Lines[i].Quantity, p.Lines[i].Quantity, "quantities only fall")
				require.GreaterOrEqual(t, after.Lines[i].Quantity, int64(0))
			}
			require.True(t, slices.ContainsFunc(after.Lines, func(l Line) bool { return l.Quantity > 0 }), "an order never runs empty")
			sum, err := total(after.Lines, after.DeliveryPrice)
			require.NoError(t, err)
			require.Equal(t, sum, after.Total, "the total follows")
			require.Equal(t, after, follow(t, after, []FulfilmentUpdate{r}), "a second time changes nothing")
			p = after
		}
	})
}
