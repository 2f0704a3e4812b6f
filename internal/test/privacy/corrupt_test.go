package privacy

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/test/testworld"
)

// corrupted returns many invalid versions of a document: at each place in turn, there is something
// marked that does not belong there, or nothing.
func corrupted(document json.RawMessage) []json.RawMessage {
	return corruptedWith(document, mark+"misplaced", json.Number(markedNumber), []any{mark}, map[string]any{"S": 1, "other": mark})
}

// withMarkedNames returns the same versions, and some with marks for names. Only callers send such
// documents: of what the platform's own services write, errors contain the names that lead to a
// fault.
func withMarkedNames(document json.RawMessage) []json.RawMessage {
	return append(corruptedWith(document, map[string]any{mark: mark}),
		json.RawMessage(`{"`+mark+`": 1, "`+mark+`": 2}`), json.RawMessage(`{"address": {"`+mark+`": "x", "`+mark+`": "x"}}`))
}

func corruptedWith(document json.RawMessage, misplaced ...any) (all []json.RawMessage) {
	corrupt(decode(document), misplaced, func(changed any) { all = append(all, testworld.Encode(changed)) })
	return all
}

// decode returns the value of a document.
func decode(document json.RawMessage) (value any) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		panic(err)
	}
	return value
}

// corrupt passes every corrupted version of a value to take.
func corrupt(value any, misplaced []any, take func(any)) {
	for _, other := range misplaced {
		take(other)
	}
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			copied := maps.Clone(v)
			corrupt(v[name], misplaced, func(changed any) { copied[name] = changed; take(copied) })
			delete(copied, name)
			take(copied)
		}
	case []any:
		for i := range v {
			copied := slices.Clone(v)
			corrupt(v[i], misplaced, func(changed any) { copied[i] = changed; take(copied) })
		}
	}
}

// duplicateNames are documents with a name twice, in which two readers could read two different
// things.
func duplicateNames() []json.RawMessage {
	return []json.RawMessage{
		json.RawMessage(`{"address": {"name": "` + mark + `", "name": "` + mark + `"}, "paymentToken": "` + markedToken + `"}`),
		json.RawMessage(`{"paymentToken": {"S": "` + markedToken + `"}, "paymentToken": {"S": "` + markedToken + `"}}`),
	}
}

func TestEveryPlaceIsCorrupted(t *testing.T) {
	var got []string
	for _, changed := range corruptedWith(json.RawMessage(`{"a": [5], "b": 6}`), mark) {
		got = append(got, string(changed))
	}
	require.Equal(t, []string{
		`"zqxjkvwy"`, `{"a":"zqxjkvwy","b":6}`, `{"a":["zqxjkvwy"],"b":6}`, `{"b":6}`, `{"a":[5],"b":"zqxjkvwy"}`, `{"a":[5]}`,
	}, got)
}
