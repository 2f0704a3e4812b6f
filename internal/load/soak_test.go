package load

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// soaked is the result of a soak in which the live heap went as told, the orders kept aside, and that ended with so
// many goroutines more than it began with.
func soaked(heap func(i int) int, left int) *result {
	r := &result{rate: 10, start: time.Now(), length: 1000 * time.Second, outcomes: make([]outcome, 10_000), orderBytes: 3000, before: 40, rested: 40 + left}
	for i := range 100 {
		ordered := 100 * (i + 1)
		r.samples = append(r.samples, sample{
			at:         r.start.Add(time.Duration(i+1) * 10 * time.Second),
			ordered:    ordered,
			liveHeap:   int64(heap(i)) + int64(ordered)*r.orderBytes,
			goroutines: 40 + i, // connections that are kept
		})
	}
	return r
}

func always(n int) func(int) int { return func(int) int { return n } }

func TestASoakTellsGrowthFromWhatIsKept(t *testing.T) {
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
			err := reportSoak(&out, []*result{soaked(test.heap, test.left)})
			require.Equal(t, test.flat, err == nil, out.String())
			require.Equal(t, !test.flat, bytes.Contains(out.Bytes(), []byte("NOT flat")))
		})
	}
}

func TestAShortSoakTellsNothing(t *testing.T) {
	r := soaked(always(0), 0)
	r.samples = r.samples[:9]
	var out bytes.Buffer
	require.NoError(t, reportSoak(&out, []*result{r}))
	require.Contains(t, out.String(), "too short")
}

func TestWhatAnOrderWeighs(t *testing.T) {
	b := aBasket(t)
	each, err := weigh(t.Context(), b)
	require.NoError(t, err)
	require.Greater(t, each, 2*int64(len(b.body)), "it is kept as a document, and as an event")
	require.Less(t, each, 6*int64(len(b.body)))
}
