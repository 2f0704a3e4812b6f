package hostile

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkHostile shows what the ten requests cost that take longest: from the first byte sent to the last of the
// answer read, and memory on both sides.
func BenchmarkHostile(b *testing.B) {
	w := newWorld(b)
	for _, r := range slowest(b, w, 10) {
		text, err := w.written(r)
		require.NoError(b, err)
		b.Run(r.Name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				got, err := w.exchange(r, text)
				if err != nil || r.Function == "" && got.Status != r.Want.Status {
					b.Fatal(got.Status, err)
				}
			}
		})
	}
}

// slowest is so many of the corpus, by the best of three tries.
func slowest(b *testing.B, w *world, n int) []Request {
	b.Helper()
	type timed struct {
		Request
		took time.Duration
	}
	var all []timed
	for _, r := range corpus(b) {
		text, err := w.written(r)
		require.NoError(b, err)
		best := time.Hour
		for range 3 {
			start := time.Now()
			_, err := w.exchange(r, text)
			require.NoError(b, err, r.Name)
			best = min(best, time.Since(start))
		}
		all = append(all, timed{r, best})
	}
	slices.SortFunc(all, func(a, b timed) int { return cmp.Compare(b.took, a.took) })
	var worst []Request
	for _, t := range all[:n] {
		worst = append(worst, t.Request)
	}
	return worst
}
