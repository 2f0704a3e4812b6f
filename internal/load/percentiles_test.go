package load

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAPercentileIsTheSmallestThatEnoughDoNotExceed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) time.Duration {
			return time.Duration(rapid.Int64Range(0, 20).Draw(t, "ns")) // many are equal
		}), 1, 200).Draw(t, "all")
		share := rapid.Float64Range(0, 1).Draw(t, "share")
		before := slices.Clone(all)

		got := sorted(all).at(share)

		require.Equal(t, before, all, "it is not for a percentile to sort its caller's slice")
		need := max(1, int(math.Ceil(share*float64(len(all)))))
		below, upTo := 0, 0
		for _, d := range all {
			if d < got {
				below++
			}
			if d <= got {
				upTo++
			}
		}
		require.Contains(t, all, got)
		require.GreaterOrEqual(t, upTo, need)
		require.Less(t, below, need)
	})
}

func TestPercentiles(t *testing.T) {
	var all []time.Duration
	for i := range 1000 {
		all = append(all, time.Duration(1000-i))
	}
	l := sorted(all)
	require.EqualValues(t, 500, l.at(0.5))
	require.EqualValues(t, 990, l.at(0.99))
	require.EqualValues(t, 999, l.at(0.999))
	require.EqualValues(t, 1000, l.max())
	require.Zero(t, sorted(nil).at(0.99))
}

func TestMedian(t *testing.T) {
	require.EqualValues(t, 2, median([]time.Duration{9, 1, 2}))
	require.EqualValues(t, 5, median([]time.Duration{9, 1}))
	require.Zero(t, median[time.Duration](nil))
}
