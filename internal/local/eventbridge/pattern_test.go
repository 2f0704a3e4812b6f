package eventbridge_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"orders/internal/local/eventbridge"
)

func TestPatternMatches(t *testing.T) {
	var pattern eventbridge.Pattern
	require.NoError(t, json.Unmarshal([]byte(`{"source":["a","b"],"detail-type":["X","Y"]}`), &pattern))
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

func TestPatternFromYAML(t *testing.T) {
	var rule struct {
		Pattern eventbridge.Pattern `yaml:"pattern"`
	}
	require.NoError(t, yaml.Unmarshal([]byte("pattern:\n  source: [ecommerce.delivery]\n  detail-type:\n  - DeliveryCompleted\n  - DeliveryFailed\n"), &rule))
	require.Equal(t, eventbridge.Pattern{
		Source: []string{"ecommerce.delivery"}, DetailType: []string{"DeliveryCompleted", "DeliveryFailed"},
	}, rule.Pattern)
	require.Error(t, yaml.Unmarshal([]byte("pattern: {source: [{prefix: ecommerce}]}"), &rule))
	require.Error(t, yaml.Unmarshal([]byte("pattern: {account: ['1']}"), &rule))
}

var notUnderstood = []string{
	`{}`, `null`, `[]`, `"source"`, `1`, `{"source":"a"}`, `{"source":[]}`, `{"source":null}`, `{"source":[null]}`,
	`{"source":[1]}`, `{"source":[{"prefix":"a"}]}`, `{"Source":["a"]}`, `{"detailType":["X"]}`,
	`{"resources":["a"]}`, `{"source":["a"],"detail":{"id":["1"]}}`, `{"source":["a"]`,
}

func TestPatternRefusals(t *testing.T) {
	for _, text := range notUnderstood {
		pattern := eventbridge.Pattern{Source: []string{"as it was"}}
		err := pattern.UnmarshalJSON([]byte(text))
		require.Error(t, err, text)
		require.Equal(t, eventbridge.Pattern{Source: []string{"as it was"}}, pattern, text)
	}
}

func FuzzPattern(f *testing.F) {
	for _, text := range notUnderstood {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"source":["a"],"detail-type":["X"]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var pattern eventbridge.Pattern
		if json.Unmarshal(text, &pattern) != nil {
			return
		}
		again, err := json.Marshal(pattern)
		require.NoError(t, err)
		var same eventbridge.Pattern
		require.NoError(t, json.Unmarshal(again, &same))
		require.Equal(t, pattern, same)
	})
}
