package load

import (
	"math"
	"slices"
	"time"
)

// Latencies are durations, shortest first.
type latencies []time.Duration

func sorted(all []time.Duration) latencies { return slices.Sorted(slices.Values(all)) }

// at is the smallest duration that at least a share of all does not exceed, 0 if there are none. It is one that was
// measured: nothing is interpolated.
func (l latencies) at(share float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	rank := int(math.Ceil(share * float64(len(l))))
	return l[min(max(rank, 1), len(l))-1]
}

func (l latencies) max() time.Duration { return l.at(1) }

// median is the middle value, the mean of the two middle ones where their number is even, and 0 if there are none.
func median[T ~int64 | ~float64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	all := slices.Sorted(slices.Values(values))
	low, high := all[(len(all)-1)/2], all[len(all)/2]
	return low + (high-low)/2
}
