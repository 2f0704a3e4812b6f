package percentile_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/percentile"
)

func TestOfIsTheSmallestValueThatEnoughValuesDoNotExceed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.IntRange(0, 20), 1, 200).Draw(t, "values") // many are equal
		share := rapid.Float64Range(0, 1).Draw(t, "share")
		before := slices.Clone(values)

		got := percentile.Of(values, share)

		require.Equal(t, before, values, "the caller's slice is not sorted")
		need := max(1, int(math.Ceil(share*float64(len(values)))))
		below, upTo := 0, 0
		for _, v := range values {
			if v < got {
				below++
			}
			if v <= got {
				upTo++
			}
		}
		require.Contains(t, values, got)
		require.GreaterOrEqual(t, upTo, need)
		require.Less(t, below, need)
	})
}

func TestPercentiles(t *testing.T) {
	var all []time.Duration
	for i := range 1000 {
		all = append(all, time.Duration(1000-i))
	}
	for share, want := range map[float64]time.Duration{0: 1, 0.5: 500, 0.99: 990, 0.999: 999, 1: 1000} {
		require.Equal(t, want, percentile.Of(all, share), share)
	}
	require.EqualValues(t, 2, percentile.Median([]float64{9, 1, 2}))
	require.EqualValues(t, 1, percentile.Median([]float64{9, 1}), "a value, not a mean")
	require.Zero(t, percentile.Median[float64](nil))
}
