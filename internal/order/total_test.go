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
		delivery := amount.Draw(t, "delivery")
		exact, lines := big.NewInt(delivery), make([]Line, rapid.IntRange(0, 5).Draw(t, "lines"))
		for i := range lines {
			lines[i] = Line{Price: amount.Draw(t, "price"), Quantity: amount.Draw(t, "quantity")}
			exact.Add(exact, new(big.Int).Mul(big.NewInt(lines[i].Price), big.NewInt(lines[i].Quantity)))
		}
		got, err := total(lines, delivery)
		if !exact.IsInt64() {
			require.ErrorIs(t, err, errOverflow)
			return
		}
		require.NoError(t, err)
		require.Equal(t, exact.String(), big.NewInt(got).String())
	})
}
