package streamimage_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/dynamo/streamimage"
	"orders/internal/order"
)

const stored = `{"orderId":{"S":"11111111-2222-4333-8444-555555555555"},"status":{"S":"NEW"},"total":{"N":"100"},
	"products":{"L":[{"M":{"productId":{"S":"p"},"name":{"S":"Kettle"},"price":{"N":"50"},"quantity":{"N":"2"},
	"package":{"M":{"width":{"N":"200"},"length":{"N":"150"},"height":{"N":"50"},"weight":{"N":"300"}}}}}]}}`

// plainJSON returns an image of the stream as one plain document.
func plainJSON(stream json.RawMessage) (json.RawMessage, error) {
	parsed, err := streamimage.Parse(stream)
	return parsed.JSON(), err
}

func TestParse(t *testing.T) {
	for stream, want := range map[string]string{
		`{}`:                                    `{}`,
		` { "b" : {"S":"x"} , "a":{"N":"1"} } `: `{"a":1,"b":"x"}`,
		`{"a":{"S":""}}`:                        `{"a":""}`,
		`{"a":{"S":"<&>\u2028\u0041\/\"\\\n"}}`: `{"a":"<&>` + "\u2028" + `A/\"\\\n"}`,
		`{"a":{"S":"\u0001\b\f\r\t"}}`:          `{"a":"\u0001\b\f\r\t"}`,
		`{"a":{"\u0053":"x"}}`:                  `{"a":"x"}`,
		`{"a":{"N":"-0.5e+3"}}`:                 `{"a":-0.5e+3}`,
		`{"a":{"N":"-1234567890.1234567890123456789012345678"}}`:                  `{"a":-1234567890.1234567890123456789012345678}`,
		`{"a":{"BOOL":true},"b":{"BOOL":false},"c":{"NULL":true}}`:                `{"a":true,"b":false,"c":null}`,
		`{"a":{"M":{"y":{"N":"1"},"x":{"M":{}}}}}`:                                `{"a":{"x":{},"y":1}}`,
		`{"a":{"L":[{"N":"2"},{"L":[]},{"S":"]}"}]}}`:                             `{"a":[2,[],"]}"]}`,
		`{"a":{"B":"aGk="}}`:                                                      `{"a":"aGk="}`,
		`{"a":{"SS":["b","a"]},"b":{"NS":["2","10"]},"c":{"BS":["/w==","AA=="]}}`: `{"a":["a","b"],"b":[10,2],"c":["/w==","AA=="]}`,
		`{"\"":{"S":"x"}}`: `{"\"":"x"}`,
	} {
		plain, err := plainJSON(json.RawMessage(stream))
		require.NoError(t, err, stream)
		require.Equal(t, want, string(plain), stream)
	}
}

func TestParseRejectsWhatIsNotAnImage(t *testing.T) {
	deep := strings.Repeat(`{"L":[`, streamimage.MaxDepth) + `{"S":"secret"}` + strings.Repeat(`]}`, streamimage.MaxDepth)
	for stream, path := range map[string]string{
		``: "not JSON", `nul`: "not JSON", `{"a":{"S":"x"}} {}`: "not JSON", "{\"a\":{\"S\":\"\xff\"}}": "not JSON",
		`[]`: "object", `null`: "object", `"secret"`: "object",
		`{"a":"secret"}`:                     "/a: ",
		`{"a":{}}`:                           "/a: ",
		`{"a":{"X":"secret"}}`:               "/a: ",
		`{"a":{"s":"secret"}}`:               "/a: ",
		`{"a":{"S":"secret","N":"1"}}`:       "/a: ",
		`{"a":{"S":1}}`:                      "/a: ",
		`{"a":{"S":null}}`:                   "/a: ",
		`{"a":{"N":1}}`:                      "/a: ",
		`{"a":{"N":"secret"}}`:               "/a: ",
		`{"a":{"N":"true"}}`:                 "/a: ",
		`{"a":{"N":" 1"}}`:                   "/a: ",
		`{"a":{"N":"1 "}}`:                   "/a: ",
		`{"a":{"N":"NaN"}}`:                  "/a: ",
		`{"a":{"N":""}}`:                     "/a: ",
		`{"a":{"BOOL":"true"}}`:              "/a: ",
		`{"a":{"NULL":false}}`:               "/a: ",
		`{"a":{"B":"secret!"}}`:              "/a: ",
		`{"a":{"SS":"secret"}}`:              "/a: ",
		`{"a":{"NS":["1","secret"]}}`:        "/a/1: ",
		`{"a":{"M":["secret"]}}`:             "/a: ",
		`{"a":{"L":{"x":"secret"}}}`:         "/a: ",
		`{"a":{"L":[{"S":"x"},{"Q":"x"}]}}`:  "/a/1: ",
		`{"a":{"M":{"b/c":{"S":5}}}}`:        "/a/b~1c: ",
		`{"a":{"S":"secret"},"a":{"S":"x"}}`: "/a: is a duplicate",
		`{"a":` + deep + `}`:                 "/a/0/0/0",
	} {
		_, err := plainJSON(json.RawMessage(stream))
		require.ErrorContains(t, err, path, stream)
		require.NotContains(t, err.Error(), "secret", stream)
	}
}

func TestImagesMayNestAsDeepAsDynamoDBAllows(t *testing.T) {
	for _, stream := range []string{
		`{"a":` + strings.Repeat(`{"L":[`, 32) + `{"S":"x"}` + strings.Repeat(`]}`, 32) + `}`,
		`{"a":` + strings.Repeat(`{"M":{"b":`, 32) + `{"S":"x"}` + strings.Repeat(`}}`, 32) + `}`,
	} {
		plain, err := plainJSON(json.RawMessage(stream))
		require.NoError(t, err)
		again, err := streamimage.Encode(plain)
		require.NoError(t, err)
		require.Equal(t, stream, string(again))
	}
}

func TestChanged(t *testing.T) {
	for _, test := range []struct {
		before, after string
		want          []string
	}{
		{`{}`, `{}`, []string{}},
		{`{"a":{"S":"x"}}`, `{"a":{"S":"x"}}`, []string{}},
		{`{"a":{"SS":["x","y"]},"b":{"M":{"p":{"N":"1"},"q":{"N":"2"}}}}`, `{"b":{"M":{"q":{"N":"2"},"p":{"N":"1"}}},"a":{"SS":["y","x"]}}`, []string{}},
		{`{"a":{"S":"x"},"b":{"S":"x"},"c":{"S":"x"}}`, `{"b":{"S":"y"},"c":{"S":"x"},"d":{"S":"x"},"e":{"S":"x"}}`, []string{"a", "b", "d", "e"}},
		{`{"z":{"N":"1"},"y":{"N":"1"}}`, `{}`, []string{"y", "z"}},
		{`{"a":{"N":"1"}}`, `{"a":{"S":"1"}}`, []string{"a"}},
	} {
		before, err := streamimage.Parse(json.RawMessage(test.before))
		require.NoError(t, err)
		after, err := streamimage.Parse(json.RawMessage(test.after))
		require.NoError(t, err)
		require.Equal(t, test.want, order.Changed(before, after))
	}
}

func TestEncodeRejectsWhatIsNotAnObject(t *testing.T) {
	for _, document := range []string{``, `[]`, `null`, `1`, `"x"`, `{`, `{} {}`, "{\"a\":\"\xff\"}x"} {
		_, err := streamimage.Encode(json.RawMessage(document))
		require.Error(t, err, document)
	}
	_, err := streamimage.Encode(json.RawMessage(`{"a":` + strings.Repeat("[", streamimage.MaxDepth) + strings.Repeat("]", streamimage.MaxDepth) + `}`))
	require.ErrorIs(t, err, streamimage.ErrTooDeep)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(stored))
	f.Add([]byte(`{"a":{"M":{"b":{"L":[{"N":"1e5"},{"NULL":true},{"BOOL":false}]}}},"c":{"SS":["x","\u0041"]},"d":{"BS":["AA=="]}}`))
	f.Add([]byte(`{"a":{"S":"\ud800\"\\"},"a":{}}`))
	f.Fuzz(func(t *testing.T, stream []byte) {
		plain, err := plainJSON(stream)
		if err != nil {
			return
		}
		again, err := streamimage.Encode(plain)
		require.NoError(t, err)
		twice, err := plainJSON(again)
		require.NoError(t, err)
		require.Equal(t, string(plain), string(twice), "canonical JSON is a fixed point")
	})
}

func FuzzEncode(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2.5E+7,"x",true,false,null,{"b":{}}],"c":"\u2028\n"}`))
	f.Add([]byte(` { "z" : [ ] , "y" : { } } `))
	f.Fuzz(func(t *testing.T, document []byte) {
		stream, err := streamimage.Encode(document)
		if err != nil {
			return
		}
		plain, err := plainJSON(stream)
		if err != nil {
			require.ErrorContains(t, err, "is a duplicate")
			return
		}
		require.True(t, reflect.DeepEqual(decoded(t, document), decoded(t, plain)), "%s became %s", document, plain)
	})
}

func decoded(t *testing.T, document []byte) (value any) {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	require.NoError(t, d.Decode(&value))
	return value
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := plainJSON([]byte(stored)); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(stored)))
}
