package console

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEvaluate(t *testing.T) {
	values := map[string]float64{"a": 6, "b": 2, "zero": 0}
	for expression, want := range map[string]float64{
		"1 + 2 * 3":                             7,
		"(1 + 2) * 3":                           9,
		"a / b - 1":                             2,
		"a >= 6":                                1,
		"a > 6":                                 0,
		"a == 6 AND b < 3":                      1,
		"a == 6 AND b < 2":                      0,
		"FILL(missing, 4) + FILL(a, 0)":         10,
		"IF(a >= 100, 100 * b / a, 0)":          0,
		"IF(a >= 6, 100 * b / a, 0)":            100.0 / 3,
		"IF(FILL(missing, 0) == 0, a, 0)":       6,
		"MAX([FILL(missing, 0), a, b])":         6,
		"100 * (b / a - (a - b) / MAX([b, 1]))": 100 * (2.0/6 - 4.0/2),
		"IF(zero, missing, 5)":                  5,
	} {
		got, err := evaluate(expression, values)
		require.NoError(t, err, expression)
		require.InDelta(t, want, got, 1e-9, expression)
	}
	for _, expression := range []string{"missing", "a + missing", "IF(missing, 1, 2)", "MAX([missing])"} {
		_, err := evaluate(expression, values)
		require.ErrorIs(t, err, errNoData, expression)
	}
	for _, expression := range []string{"", "a +", "(a", "a)", "a b", "FILL(a)", "ANOMALY_DETECTION_BAND(a, 3)", "a ! b", "[a]", "'a'", "MAX([a)"} {
		_, err := evaluate(expression, values)
		require.Error(t, err, expression)
		require.NotErrorIs(t, err, errNoData, expression)
	}
}

func FuzzEvaluate(f *testing.F) {
	f.Add("IF(a >= 1, FILL(b, 0) + 2, MAX([a, 1]))")
	f.Add("((((")
	f.Fuzz(func(_ *testing.T, expression string) {
		_, _ = evaluate(expression, map[string]float64{"a": 1}) // must return
	})
}
