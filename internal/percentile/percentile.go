// Package percentile computes percentiles of measurements.
package percentile

import (
	"cmp"
	"math"
	"slices"
)

// Of returns the smallest value that at least a share (0 to 1) of all values does not exceed: the
// nearest-rank percentile, which is always one of the values. It returns the zero value if there
// are none. The values stay as they are.
func Of[T cmp.Ordered](values []T, share float64) T {
	if len(values) == 0 {
		var zero T
		return zero
	}
	rank := int(math.Ceil(share * float64(len(values))))
	return slices.Sorted(slices.Values(values))[min(max(rank, 1), len(values))-1]
}

// Median returns the percentile at one half.
func Median[T cmp.Ordered](values []T) T { return Of(values, 0.5) }
