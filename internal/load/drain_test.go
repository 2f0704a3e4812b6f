package load

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// testDrain is a tenth of the one that `make load` runs, with as many retries.
func testDrain() drain { return drain{records: 1_000, orders: 200, refused: 0.03, poison: 500} }

func TestAStreamIsDrainedThoughEntriesAreRefused(t *testing.T) {
	d := testDrain()
	r, err := d.run(t.Context())
	require.NoError(t, err)
	require.Positive(t, r.refusals, "of 1000 entries, 3 %")
	require.Empty(t, d.faults(r))
}

func TestAStreamOfOneOrderKeepsItsOrder(t *testing.T) {
	d := drain{records: 100, orders: 1, refused: 0.1, poison: -1}
	r, err := d.run(t.Context())
	require.NoError(t, err)
	require.Empty(t, d.faults(r))
	require.True(t, slices.IsSorted(firsts(r.sent["0"])))
	require.Empty(t, r.deadLetters)
}

func TestABadDrainIsFound(t *testing.T) {
	d := drain{records: 20, orders: 4, refused: 0, poison: 9}
	good, err := d.run(t.Context())
	require.NoError(t, err)
	require.Empty(t, d.faults(good))
	for name, spoil := range map[string]func(r *drained){
		"lost":                func(r *drained) { r.sent["3"] = r.sent["3"][1:] },
		"out of order":        func(r *drained) { slices.Reverse(r.sent["2"]) },
		"an order is missing": func(r *drained) { delete(r.sent, "0") },
		"poison is announced": func(r *drained) { r.sent["1"] = append(r.sent["1"], 9) },
		"poison is forgotten": func(r *drained) { r.deadLetters = nil },
		"more is given up":    func(r *drained) { r.deadLetters = append(r.deadLetters, r.deadLetters[0]) },
		"neighbours go along": func(r *drained) { b := *r.deadLetters[0].Batch; b.BatchSize = 2; r.deadLetters[0].Batch = &b },
		"the wrong one goes": func(r *drained) {
			b := *r.deadLetters[0].Batch
			b.StartSequenceNumber = "1"
			r.deadLetters[0].Batch = &b
		},
		"a letter has no place": func(r *drained) { r.deadLetters[0].Batch = nil },
	} {
		t.Run(name, func(t *testing.T) {
			r := &drained{deadLetters: slices.Clone(good.deadLetters), sent: map[string][]int{}}
			for id, sent := range good.sent {
				r.sent[id] = slices.Clone(sent)
			}
			spoil(r)
			require.Len(t, d.faults(r), 1)
		})
	}
}

func TestARepeatedEventIsNotOutOfOrder(t *testing.T) {
	require.Equal(t, []int{1, 2, 3}, firsts([]int{1, 2, 1, 2, 3, 3}))
	require.Equal(t, []int{1, 3, 2}, firsts([]int{1, 3, 2, 3}))
}
