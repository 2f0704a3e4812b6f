package order_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/order"
)

// imageOf returns the image with these attributes.
func imageOf(attributes map[string]int) order.Image {
	image := order.Image{}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		image = append(image, order.Attribute{Name: name, Member: fmt.Appendf(nil, "%q:%d", name, attributes[name])})
	}
	return image
}

func TestImageJSON(t *testing.T) {
	require.Equal(t, `{}`, string(order.Image(nil).JSON()))
	require.Equal(t, `{"total":5}`, string(imageOf(map[string]int{"total": 5}).JSON()))
	require.Equal(t, `{"status":1,"total":5}`, string(imageOf(map[string]int{"total": 5, "status": 1}).JSON()))
}

func TestChanged(t *testing.T) {
	type attributes = map[string]int
	for name, c := range map[string]struct {
		before, after attributes
		changed       []string
	}{
		"nothing":           {attributes{"a": 1, "b": 2}, attributes{"a": 1, "b": 2}, []string{}},
		"nothing of none":   {nil, nil, []string{}},
		"all are new":       {nil, attributes{"b": 2, "a": 1}, []string{"a", "b"}},
		"all are gone":      {attributes{"b": 2, "a": 1}, nil, []string{"a", "b"}},
		"one changed":       {attributes{"a": 1, "b": 2, "c": 3}, attributes{"a": 1, "b": 9, "c": 3}, []string{"b"}},
		"one added within":  {attributes{"a": 1, "c": 3}, attributes{"a": 1, "b": 2, "c": 3}, []string{"b"}},
		"one removed first": {attributes{"a": 1, "c": 3}, attributes{"c": 3}, []string{"a"}},
		"one removed last":  {attributes{"a": 1, "c": 3}, attributes{"a": 1}, []string{"c"}},
		"some of each":      {attributes{"a": 1, "b": 2, "d": 4}, attributes{"b": 9, "c": 3, "d": 4}, []string{"a", "b", "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.changed, order.Changed(imageOf(c.before), imageOf(c.after)))
		})
	}
}

func TestChangedNamesWhatDiffers(t *testing.T) {
	attributes := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c", "ä", "\"", "~/"}), rapid.IntRange(0, 2))
	rapid.Check(t, func(t *rapid.T) {
		before, after := attributes.Draw(t, "before"), attributes.Draw(t, "after")
		names := map[string]bool{}
		for _, name := range slices.Concat(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after))) {
			old, was := before[name]
			now, is := after[name]
			if was != is || old != now {
				names[name] = true
			}
		}
		require.Equal(t, append([]string{}, slices.Sorted(maps.Keys(names))...), order.Changed(imageOf(before), imageOf(after)))

		var read map[string]int
		require.NoError(t, json.Unmarshal(imageOf(after).JSON(), &read))
		require.Equal(t, after, read)
	})
}
