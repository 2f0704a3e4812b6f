package strictjson

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInt64(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "-0": 0, "0.0": 0, "-0.000e5": 0, "0e999999999999999999999": 0,
		"1": 1, "1.0": 1, "100": 100, "1e2": 100, "1.5e1": 15, "1200e-2": 12, "-7": -7, "12.50E+1": 125, "1E+02": 100,
		"2147483647": 2147483647, "2147483647.000": 2147483647, "9223372036854775807": math.MaxInt64,
		"9223372036854775808": math.MaxInt64, "1e400": math.MaxInt64, "-1e400": -math.MaxInt64,
		"1e99999999999999999999999999": math.MaxInt64,
	} {
		got, ok := Int64(json.Number(text))
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "x", "1x", " 1", "1 ", "1\n", "+1", "007", "-", "Infinity", "0x10", "null", "0.5", "1.5", "-0.1", "1e-1", "1e-99999999999999999999999999", "1.00000000000000000000000000000001"} {
		_, ok := Int64(json.Number(text))
		require.False(t, ok, text)
	}
}

func FuzzInt64(f *testing.F) {
	for _, seed := range []string{"0", "-1.0", "1e2", "12.5e1", "1e-1", "9223372036854775808", "1e999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) || !strings.ContainsAny(text[:1], "-0123456789") || strings.TrimSpace(text) != text {
			return
		}
		got, ok := Int64(json.Number(text))
		if _, exponent, _ := strings.Cut(strings.ToLower(text), "e"); len(exponent) > 4 {
			return // the reference below would take for ever
		}
		exact, _ := new(big.Rat).SetString(text)
		require.Equal(t, exact.IsInt(), ok, text)
		if ok && exact.Num().IsInt64() && exact.Num().Int64() != math.MinInt64 {
			require.Equal(t, exact.Num().Int64(), got, text)
		}
	})
}
