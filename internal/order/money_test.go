package order

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTotalIsExactOrAnError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-10, 10), rapid.Int64Range(0, MaxInteger))
		exact, delivery := new(big.Int), amount.Draw(t, "delivery")
		exact.SetInt64(delivery)
		fits, lines := true, make([]Line, rapid.IntRange(0, 5).Draw(t, "lines"))
		for i := range lines {
			lines[i] = Line{Price: amount.Draw(t, "price"), Quantity: amount.Draw(t, "quantity")}
			product := new(big.Int).Mul(big.NewInt(lines[i].Price), big.NewInt(lines[i].Quantity))
			exact.Add(exact, product)
			fits = fits && product.IsInt64() && exact.IsInt64()
		}
		got, err := total(lines, delivery)
		if err == nil {
			require.Equal(t, exact.String(), big.NewInt(got).String())
		} else {
			require.ErrorIs(t, err, errOverflow)
		}
		if fits && !anyMinimum(lines) {
			require.NoError(t, err)
		}
	})
}

// anyMinimum tells whether a product is the one number without a positive counterpart, which total may refuse.
func anyMinimum(lines []Line) bool {
	for _, l := range lines {
		if p := l.Price * l.Quantity; p == -p && p != 0 {
			return true
		}
	}
	return false
}
