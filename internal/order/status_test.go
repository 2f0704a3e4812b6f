package order

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestStatusesAreALattice(t *testing.T) {
	for i, low := range Statuses() {
		require.True(t, low.Known())
		for _, high := range Statuses()[i:] {
			require.Equal(t, high, low.Max(high))
			require.Equal(t, high, high.Max(low))
		}
	}
	require.False(t, Status("SENT_BACK").Known())
	require.False(t, Status("").Known())
}

func TestMaxIsTheSameInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		came := rapid.SliceOf(rapid.SampledFrom(Statuses())).Draw(t, "came")
		end := New
		for _, s := range came {
			end = end.Max(s)
		}
		highest := slices.MaxFunc(append(came, New), func(a, b Status) int { return slices.Index(Statuses(), a) - slices.Index(Statuses(), b) })
		require.Equal(t, highest, end)
	})
}
