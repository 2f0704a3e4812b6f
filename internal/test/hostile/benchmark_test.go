package hostile

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkHostile measures the ten slowest requests, from the first byte sent to the last byte of
// the response read, with the memory of both sides.
func BenchmarkHostile(b *testing.B) {
	s := startService(b)
	for _, r := range slowest(b, s, 10) {
		text, err := s.written(r)
		require.NoError(b, err)
		b.Run(r.Name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				got, err := s.exchange(r, text)
				if err != nil || r.Function == "" && got.Status != r.Want.Status {
					b.Fatal(got.Status, err)
				}
			}
		})
	}
}

// slowest returns the n slowest requests of the corpus, by the best of three attempts.
func slowest(b *testing.B, s *service, n int) []Request {
	b.Helper()
	type timed struct {
		Request
		took time.Duration
	}
	var all []timed
	for _, r := range corpus(b) {
		text, err := s.written(r)
		require.NoError(b, err)
		best := time.Hour
		for range 3 {
			start := time.Now()
			_, err := s.exchange(r, text)
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
