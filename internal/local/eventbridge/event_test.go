package eventbridge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/local/eventbridge"
)

func TestPatternMatches(t *testing.T) {
	pattern := eventbridge.Pattern{Source: []string{"a", "b"}, DetailType: []string{"X", "Y"}}
	for _, test := range []struct {
		source, detailType string
		want               bool
	}{
		{"a", "X", true},
		{"b", "Y", true},
		{"a", "Z", false},
		{"c", "X", false},
		{"A", "X", false},
		{"a", "XX", false},
		{"", "", false},
	} {
		require.Equal(t, test.want, pattern.Matches(eventbridge.Event{Source: test.source, DetailType: test.detailType}), test)
	}
	require.True(t, eventbridge.Pattern{Source: []string{"a"}}.Matches(eventbridge.Event{Source: "a", DetailType: "any"}))
	require.True(t, eventbridge.Pattern{DetailType: []string{"X"}}.Matches(eventbridge.Event{Source: "any", DetailType: "X"}))
	require.True(t, eventbridge.Pattern{}.Matches(eventbridge.Event{Source: "any"}))
}
