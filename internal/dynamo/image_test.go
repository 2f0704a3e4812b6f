package dynamo

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/order"
)

// imageJSON is an image of the stream as one plain document.
func imageJSON(stream json.RawMessage) (json.RawMessage, error) {
	image, err := ParseImage(stream)
	return image.JSON(), err
}

func TestParseImage(t *testing.T) {
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
		plain, err := imageJSON(json.RawMessage(stream))
		require.NoError(t, err, stream)
		require.Equal(t, want, string(plain), stream)
	}
}

func TestParseImageOfWhatIsNoImage(t *testing.T) {
	deep := strings.Repeat(`{"L":[`, maxDepth) + `{"S":"secret"}` + strings.Repeat(`]}`, maxDepth)
	for stream, place := range map[string]string{
		``: "no JSON", `nul`: "no JSON", `{"a":{"S":"x"}} {}`: "no JSON", "{\"a\":{\"S\":\"\xff\"}}": "no JSON",
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
		`{"a":{"S":"secret"},"a":{"S":"x"}}`: "/a: is given twice",
		`{"a":` + deep + `}`:                 "/a/0/0/0",
	} {
		_, err := imageJSON(json.RawMessage(stream))
		require.ErrorContains(t, err, place, stream)
		require.NotContains(t, err.Error(), "secret", stream)
	}
}

func TestImagesNestAsDeepAsDynamoDBAllows(t *testing.T) {
	for _, stream := range []string{
		`{"a":` + strings.Repeat(`{"L":[`, 32) + `{"S":"x"}` + strings.Repeat(`]}`, 32) + `}`,
		`{"a":` + strings.Repeat(`{"M":{"b":`, 32) + `{"S":"x"}` + strings.Repeat(`}}`, 32) + `}`,
	} {
		plain, err := imageJSON(json.RawMessage(stream))
		require.NoError(t, err)
		again, err := EncodeImage(plain)
		require.NoError(t, err)
		require.Equal(t, stream, string(again))
	}
}

func TestImageOfAnSDKItem(t *testing.T) {
	image, err := imageOf(map[string]types.AttributeValue{
		"s": text("x"), "n": number(5), "bool": &types.AttributeValueMemberBOOL{Value: true}, "null": &types.AttributeValueMemberNULL{Value: true},
		"b": &types.AttributeValueMemberB{Value: []byte("hi")}, "bs": &types.AttributeValueMemberBS{Value: [][]byte{{255}, {0}}},
		"ss": &types.AttributeValueMemberSS{Value: []string{"b", "a"}}, "ns": &types.AttributeValueMemberNS{Value: []string{"2", "10"}},
		"m": &types.AttributeValueMemberM{Value: item{"y": number(1), "x": text("")}},
		"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{number(2), text("\xff")}},
	})
	require.NoError(t, err)
	require.Equal(t, `{"b":"aGk=","bool":true,"bs":["/w==","AA=="],"l":[2,"`+"\ufffd"+`"],"m":{"x":"","y":1},"n":5,"ns":[10,2],"null":null,"s":"x","ss":["a","b"]}`,
		string(image.JSON()))

	for place, value := range map[string]types.AttributeValue{
		"/a: ":   nil,
		"/a/0: ": &types.AttributeValueMemberL{Value: []types.AttributeValue{nil}},
		"/a/b: ": &types.AttributeValueMemberM{Value: item{"b": &types.AttributeValueMemberN{Value: "secret"}}},
		"/a/1: ": &types.AttributeValueMemberNS{Value: []string{"1", "secret"}},
	} {
		_, err := imageOf(item{"a": value})
		require.ErrorContains(t, err, place)
		require.NotContains(t, err.Error(), "secret")
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
		before, err := ParseImage(json.RawMessage(test.before))
		require.NoError(t, err)
		after, err := ParseImage(json.RawMessage(test.after))
		require.NoError(t, err)
		require.Equal(t, test.want, order.Changed(before, after))
	}
}

func TestEncodeRefusesWhatIsNoObject(t *testing.T) {
	for _, document := range []string{``, `[]`, `null`, `1`, `"x"`, `{`, `{} {}`, "{\"a\":\"\xff\"}x"} {
		_, err := EncodeImage(json.RawMessage(document))
		require.Error(t, err, document)
		_, err = EncodeItem(json.RawMessage(document))
		require.Error(t, err, document)
	}
	_, err := EncodeImage(json.RawMessage(`{"a":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + `}`))
	require.ErrorIs(t, err, errTooDeep)
}

// values draws any value that DynamoDB can hold and JSON can name.
func values(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.String().AsAny(), rapid.Bool().AsAny(), rapid.Just[any](nil),
		rapid.Map(rapid.StringMatching(`-?(0|[1-9][0-9]{0,37})(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,2})?`), func(s string) any { return json.Number(s) }),
	}
	if depth > 0 {
		inner := rapid.Deferred(func() *rapid.Generator[any] { return values(depth - 1) })
		leaves = append(leaves, rapid.SliceOfN(inner, 0, 4).AsAny(), rapid.MapOfN(rapid.String(), inner, 0, 4).AsAny())
	}
	return rapid.OneOf(leaves...)
}

// canonical is what canonical JSON is held against: the standard library's, which escapes two characters more.
func canonical(t require.TestingT, value any) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	require.NoError(t, e.Encode(value))
	return strings.TrimSuffix(out.String(), "\n")
}

func TestDocumentsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		document := canonical(t, rapid.MapOfN(rapid.String(), values(3), 0, 6).Draw(t, "document"))
		stream, err := EncodeImage(json.RawMessage(document))
		require.NoError(t, err)
		image, err := ParseImage(stream)
		require.NoError(t, err)
		unescape := strings.NewReplacer(`\\`, `\\`, `\u2028`, "\u2028", `\u2029`, "\u2029")
		require.Equal(t, unescape.Replace(document), string(image.JSON()))

		items, err := EncodeItem(json.RawMessage(document))
		require.NoError(t, err)
		fromSDK, err := imageOf(items)
		require.NoError(t, err)
		require.Equal(t, string(image.JSON()), string(fromSDK.JSON()))
		require.Empty(t, order.Changed(image, fromSDK))
	})
}

func TestBinariesAreOfOneSpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOf(rapid.Byte()).Draw(t, "data")
		stream, err := json.Marshal(map[string]any{"a": map[string]string{"B": base64.StdEncoding.EncodeToString(data)}})
		require.NoError(t, err)
		plain, err := imageJSON(stream)
		require.NoError(t, err)
		fromSDK, err := imageOf(item{"a": &types.AttributeValueMemberB{Value: data}})
		require.NoError(t, err)
		require.Equal(t, string(plain), string(fromSDK.JSON()))
	})
}

func FuzzParseImage(f *testing.F) {
	f.Add([]byte(storedOrder))
	f.Add([]byte(`{"a":{"M":{"b":{"L":[{"N":"1e5"},{"NULL":true},{"BOOL":false}]}}},"c":{"SS":["x","\u0041"]},"d":{"BS":["AA=="]}}`))
	f.Add([]byte(`{"a":{"S":"\ud800\"\\"},"a":{}}`))
	f.Fuzz(func(t *testing.T, stream []byte) {
		plain, err := imageJSON(stream)
		if err != nil {
			return
		}
		again, err := EncodeImage(plain)
		require.NoError(t, err)
		twice, err := imageJSON(again)
		require.NoError(t, err)
		require.Equal(t, string(plain), string(twice), "canonical JSON stays as it is")
	})
}

func FuzzEncodeImage(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2.5E+7,"x",true,false,null,{"b":{}}],"c":"\u2028\n"}`))
	f.Add([]byte(` { "z" : [ ] , "y" : { } } `))
	f.Fuzz(func(t *testing.T, document []byte) {
		stream, err := EncodeImage(document)
		if err != nil {
			return
		}
		plain, err := imageJSON(stream)
		if err != nil {
			require.ErrorContains(t, err, "is given twice")
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

func BenchmarkParseImage(b *testing.B) {
	for b.Loop() {
		if _, err := imageJSON([]byte(storedOrder)); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(storedOrder)))
}
