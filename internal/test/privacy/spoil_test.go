package privacy

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// spoilt is a document in many wrong ways: at every place in it, one after the other, there is something marked that does
// not belong there, or nothing.
func spoilt(document json.RawMessage) []json.RawMessage {
	return spoiltWith(document, mark+"misplaced", json.Number(markedNumber), []any{mark}, map[string]any{"S": 1, "other": mark})
}

// renamed is a document in the same ways, with marks for names as well. Only callers may be that far off: of what the
// platform's own services write, a fault is told by the names that lead to it.
func renamed(document json.RawMessage) []json.RawMessage {
	return append(spoiltWith(document, map[string]any{mark: mark}),
		json.RawMessage(`{"`+mark+`": 1, "`+mark+`": 2}`), json.RawMessage(`{"address": {"`+mark+`": "x", "`+mark+`": "x"}}`))
}

func spoiltWith(document json.RawMessage, misplaced ...any) (all []json.RawMessage) {
	spoil(decode(document), misplaced, func(changed any) { all = append(all, encode(changed)) })
	return all
}

// decode reads a document of these tests.
func decode(document json.RawMessage) (value any) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		panic(err)
	}
	return value
}

// spoil gives every spoilt version of a value to take.
func spoil(value any, misplaced []any, take func(any)) {
	for _, other := range misplaced {
		take(other)
	}
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			copied := maps.Clone(v)
			spoil(v[name], misplaced, func(changed any) { copied[name] = changed; take(copied) })
			delete(copied, name)
			take(copied)
		}
	case []any:
		for i := range v {
			copied := slices.Clone(v)
			spoil(v[i], misplaced, func(changed any) { copied[i] = changed; take(copied) })
		}
	}
}

// twice are documents that give a member twice: two readers could read two different things.
func twice() []json.RawMessage {
	return []json.RawMessage{
		json.RawMessage(`{"address": {"name": "` + mark + `", "name": "` + mark + `"}, "paymentToken": "` + markedToken + `"}`),
		json.RawMessage(`{"paymentToken": {"S": "` + markedToken + `"}, "paymentToken": {"S": "` + markedToken + `"}}`),
	}
}

func TestEveryPlaceIsSpoilt(t *testing.T) {
	var got []string
	for _, changed := range spoiltWith(json.RawMessage(`{"a": [5], "b": 6}`), mark) {
		got = append(got, string(changed))
	}
	require.Equal(t, []string{
		`"zqxjkvwy"`, `{"a":"zqxjkvwy","b":6}`, `{"a":["zqxjkvwy"],"b":6}`, `{"b":6}`, `{"a":[5],"b":"zqxjkvwy"}`, `{"a":[5]}`,
	}, got)
}
