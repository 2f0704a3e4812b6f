package peer

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// spellings returns ways to write the same integer in JSON.
func spellings(n int64) []string {
	digits, negative := strings.CutPrefix(fmt.Sprint(n), "-")
	minus := ""
	if negative {
		minus = "-"
	}
	return []string{
		minus + digits,
		minus + digits + ".0",
		minus + digits + "e0",
		minus + digits + ".00E+0",
		minus + digits[:1] + "." + digits[1:] + fmt.Sprintf("0e%02d", len(digits)-1),
	}
}

func TestPricesAreComparedExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, other := rapid.Int64().Draw(t, "n"), rapid.Int64().Draw(t, "other")
		for _, text := range spellings(n) {
			p, ok := parsePrice(json.RawMessage(text))
			require.True(t, ok, text)
			require.True(t, p.is(n), text)
			require.Equal(t, n == other, p.is(other), text)
			require.Equal(t, fmt.Sprint(n), p.String(), text)
		}
		almost, ok := parsePrice(json.RawMessage(fmt.Sprintf("%d.%s1", n, strings.Repeat("0", 30))))
		require.True(t, ok)
		require.False(t, almost.is(n))
	})
}
