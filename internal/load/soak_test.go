package load

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newSoak returns a soak in which the live heap, without the orders kept, developed like this, and
// which ended with so many more goroutines than it began with.
func newSoak(heap func(i int) int, left int) *run {
	r := &run{
		rate: 10, start: time.Now(), length: 1000 * time.Second, responses: make([]response, 10_000),
		orderBytes: 3000, before: 40, after: 40 + left,
	}
	for i := range 100 {
		orders := 100 * (i + 1)
		r.samples = append(r.samples, sample{
			at:         r.start.Add(time.Duration(i+1) * 10 * time.Second),
			orders:     orders,
			liveHeap:   int64(heap(i)) + int64(orders)*r.orderBytes,
			goroutines: 40 + i, // connections that are kept
		})
	}
	return r
}

func always(n int) func(int) int { return func(int) int { return n } }

func TestASoakTellsGrowthFromOrdersThatAreKept(t *testing.T) {
	const mega = 1 << 20
	for name, test := range map[string]struct {
		heap func(int) int
		left int
		flat bool
	}{
		"flat":                        {always(5 * mega), 0, true},
		"grows in the beginning":      {func(i int) int { return min(i, 10) * 5 * mega }, 0, true},
		"one collection comes late":   {func(i int) int { return 5*mega + i%10*mega/4 }, 0, true},
		"a request leaves 2000 bytes": {func(i int) int { return i * 100 * 2000 }, 0, false},
		"a large heap grows by 5 %":   {func(i int) int { return 1000*mega + i*mega/2 }, 0, true},
		"goroutines are left":         {always(5 * mega), 11, false},
		"a few goroutines are left":   {always(5 * mega), 10, true},
		"goroutines are gone":         {always(5 * mega), -20, true},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := reportSoak(&out, []*run{newSoak(test.heap, test.left)})
			require.Equal(t, test.flat, err == nil, out.String())
			require.Equal(t, !test.flat, bytes.Contains(out.Bytes(), []byte("NOT flat")))
		})
	}
}

func TestAShortSoakReportsNothing(t *testing.T) {
	r := newSoak(always(0), 0)
	r.samples = r.samples[:9]
	var out bytes.Buffer
	require.NoError(t, reportSoak(&out, []*run{r}))
	require.Contains(t, out.String(), "too short")
}

func TestTheSizeOfAnOrder(t *testing.T) {
	request := newRequest(t)
	each, err := orderSize(t.Context(), request)
	require.NoError(t, err)
	require.Greater(t, each, 2*int64(len(request.body)), "it is kept as a document, and as an event")
	require.Less(t, each, 6*int64(len(request.body)))
}
