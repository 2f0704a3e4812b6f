package strictjson

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func parse(t require.TestingT, text string) Object {
	o, err := Parse([]byte(text))
	require.NoError(t, err, text)
	return o
}

func TestPropertiesAreReturned(t *testing.T) {
	o := parse(t, `{"s":"text","e":"","b":true,"i":1e2,"n":-1.50,"big":1e400,"o":{"p":{"q":"deep"}},"a":[1,"x",null,[],{}],"l":[{"i":0},{"i":1}]}`)
	require.Equal(t, "text", o.String("s"))
	require.Equal(t, "", *o.OptionalString("e"))
	require.Nil(t, o.OptionalString("none"))
	require.True(t, o.Bool("b"))
	require.EqualValues(t, 100, o.Integer("i", 0, 100))
	require.EqualValues(t, math.MaxInt64, o.Integer("big", 0, math.MaxInt64))
	require.Equal(t, json.Number("-1.50"), o.Number("n"))
	require.Equal(t, "deep", o.Object("o").Object("p").String("q"))
	require.Equal(t, []any{json.Number("1"), "x", nil, []any{}, map[string]any{}}, o.Array("a", 5, 5))
	items := 0
	for i, item := range o.Objects("l", 0, 2) {
		require.EqualValues(t, i, item.Integer("i", 0, 1))
		items++
	}
	require.Equal(t, 2, items)
	require.True(t, o.Has("e"))
	require.False(t, o.Has("S"), "names are case-sensitive")
	require.Nil(t, o.Errors())
}

func TestEveryErrorIsReportedWithItsPlace(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		read func(o Object)
		want []string
	}{
		"not an object": {`[{"a":1}]`, func(o Object) { o.String("a") }, []string{": must be an object"}},
		"null":          {`null`, func(o Object) { o.Object("a").Integer("b", 0, 1) }, []string{": must be an object"}},
		"missing": {`{}`, func(o Object) {
			o.String("s")
			o.Bool("b")
			o.Number("n")
			o.Integer("i", 0, 1)
			o.Array("a", 0, 1)
			o.Object("o").Object("inner").String("nothing further")
			for range o.Objects("l", 0, 1) {
				t.Error("there is no item")
			}
		}, []string{"/s: is required", "/b: is required", "/n: is required", "/i: is required", "/a: is required", "/o: is required", "/l: is required"}},
		"wrong type": {`{"s":1,"t":null,"b":0,"n":"1","i":"1","a":{},"o":[],"l":"x"}`, func(o Object) {
			o.String("s")
			o.OptionalString("t")
			o.Bool("b")
			o.Number("n")
			o.Integer("i", 0, 1)
			o.Array("a", 0, 1)
			o.Object("o").String("nothing further")
			for range o.Objects("l", 0, 1) {
				t.Error("there is no item")
			}
		}, []string{"/s: must be a string", "/t: must be a string", "/b: must be true or false", "/n: must be a number",
			"/i: must be an integer", "/a: must be an array", "/o: must be an object", "/l: must be an array"}},
		"out of bounds": {`{"s":"","few":[],"many":[0,0,0],"low":-1,"high":11,"half":0.5,"huge":1e999999999}`, func(o Object) {
			o.String("s")
			o.Array("few", 1, 2)
			require.Nil(t, o.Array("many", 1, 2))
			for _, name := range []string{"low", "high", "half", "huge"} {
				require.Zero(t, o.Integer(name, 0, 10))
			}
		}, []string{"/s: must not be empty", "/few: must have at least 1 item", "/many: must have at most 2 items, got 3",
			"/low: must be at least 0", "/high: must be at most 10", "/half: must be an integer", "/huge: must be at most 10"}},
		"in the order of the items": {`{"l":[{},5,{}]}`, func(o Object) {
			for _, item := range o.Objects("l", 0, 3) {
				item.String("s")
			}
		}, []string{"/l/0/s: is required", "/l/1: must be an object", "/l/2/s: is required"}},
		"the caller's own": {`{"o":{"a/b~":1}}`, func(o Object) {
			o.Object("o").AddError("a/b~", "is odd")
			require.Equal(t, "/o", o.Object("o").Pointer())
		}, []string{"/o/a~1b~0: is odd"}},
		"duplicates": {`{"a":1,"a":null,"o":{"x":[[{"b":1,"\u0062":1}]]},"A":1}`, func(Object) {},
			[]string{"/a: duplicate property", "/o/x/0/0/b: duplicate property"}},
		"the first of duplicates counts": {`{"a":1,"a":"x"}`, func(o Object) { require.EqualValues(t, 1, o.Integer("a", 0, 1)) },
			[]string{"/a: duplicate property"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := parse(t, c.text)
			c.read(o)
			require.Equal(t, c.want, o.Errors())
		})
	}
}

func TestTextThatIsNotJSONIsAnError(t *testing.T) {
	for text, want := range map[string]string{
		"": "unexpected end", " ": "unexpected end", "{": "unexpected end", "nope": "at byte", `{"a":1}x`: "at byte 8", `{"a":1}{}`: "at byte 8",
		"\ufeff{}": "at byte 1", "{\"a\":\"\xff\"}": "UTF-8", strings.Repeat("[", 20000): "max depth", `{"a":01}`: "at byte", `{a:1}`: "at byte", `{"a":1,}`: "at byte",
	} {
		_, err := Parse([]byte(text))
		require.ErrorContains(t, err, want, text)
		_, err = Members([]byte(text))
		if want != "UTF-8" {
			require.Error(t, err, text)
		}
	}
}

func TestErrorsStaySmall(t *testing.T) {
	long := strings.Repeat("k", 60_000)
	for name, text := range map[string]string{
		"many in a deep place": `{"` + long + `":{` + strings.Repeat(`"a":0,`, 10_000) + `"a":0}}`,
		"deep":                 strings.Repeat(`{"a":0,"a":`, 9_000) + "0" + strings.Repeat("}", 9_000),
		"many":                 `[` + strings.Repeat(`{"a":1,"a":1},`, 8_000) + `0]`,
		"long":                 `{"` + long + `":1,"` + long + `":1}`,
	} {
		o := parse(t, text)
		o.String("one more")
		require.NotEmpty(t, o.Errors(), name)
		require.LessOrEqual(t, len(o.Errors()), 1000, name)
		require.Less(t, len(strings.Join(o.Errors(), "")), 512<<10, name)
	}
	_, err := Members([]byte(`{"` + long + `":1,"` + long + `":1}`))
	require.ErrorContains(t, err, "duplicate property")
	require.Less(t, len(err.Error()), 1000)
}

func TestMembersStayAsTheyWereWritten(t *testing.T) {
	members, err := Members([]byte(` {"a": {"b":1, "b":2} , "A":[ 1.0 ],"n":null} `))
	require.NoError(t, err)
	require.Equal(t, map[string]json.RawMessage{"a": json.RawMessage(`{"b":1, "b":2}`), "A": json.RawMessage(`[ 1.0 ]`), "n": json.RawMessage("null")}, members)
	for text, want := range map[string]string{`{"a":1,"\u0061":2}`: `duplicate property "a"`, `[]`: "must be a JSON object", `null`: "must be a JSON object", `"{"`: "must be a JSON object"} {
		_, err := Members([]byte(text))
		require.EqualError(t, err, want, text)
	}
}

// TestParseAgreesWithEncodingJSON compares with the standard library, on documents without
// duplicates.
func TestParseAgreesWithEncodingJSON(t *testing.T) {
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		scalars := []*rapid.Generator[any]{rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Float64Range(-1e300, 1e300).AsAny(), rapid.String().AsAny()}
		if depth == 0 {
			return rapid.OneOf(scalars...)
		}
		return rapid.OneOf(append(scalars, rapid.SliceOfN(value(depth-1), 0, 4).AsAny(), rapid.MapOfN(rapid.String(), value(depth-1), 0, 4).AsAny())...)
	}
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(map[string]any{"v": value(3).Draw(t, "value")})
		require.NoError(t, err)
		var want map[string]any
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&want))
		o := parse(t, string(text))
		require.Equal(t, want, o.members)
		require.Nil(t, o.Errors())
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"\xea", `{"a":{"b":[1,{"c":null}]}}`, `{"a":1,"a":2}`, "[[[[", ` {"a" : -1.5E+3 , "b\\\\" : [ true ,false,null, "\\"" , { } ] } `, "{\"\xff\":1e999}", `"x"`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := Parse(data)
		require.Equal(t, !json.Valid(data) || !utf8.Valid(data), err != nil, "what encoding/json takes, if it is UTF-8")
		if err != nil {
			return
		}
		var object map[string]json.RawMessage
		isObject := json.Unmarshal(data, &object) == nil && object != nil
		if !isObject {
			require.Contains(t, o.Errors(), ": must be an object")
		} else if len(o.Errors()) == 0 {
			var want map[string]any
			decoder := json.NewDecoder(bytes.NewReader(data))
			decoder.UseNumber()
			require.NoError(t, decoder.Decode(&want))
			require.Equal(t, want, o.members)
			members, err := Members(data)
			require.NoError(t, err)
			require.Equal(t, object, members)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	text, err := json.Marshal(map[string]any{"products": slices.Repeat([]map[string]any{{"productId": "1", "name": "n", "package": map[string]int{"width": 1}}}, 5)})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = Parse(text)
	}
}
