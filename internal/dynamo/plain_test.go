package dynamo

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/dynamo/streamimage"
	"orders/internal/strictjson"
)

func TestPlainAttributesAsJSON(t *testing.T) {
	got := plain(item{
		"s": text("x"), "n": number(5), "bool": &types.AttributeValueMemberBOOL{Value: true}, "null": &types.AttributeValueMemberNULL{Value: true},
		"b": &types.AttributeValueMemberB{Value: []byte("hi")}, "bs": &types.AttributeValueMemberBS{Value: [][]byte{{255}, {0}}},
		"ss": &types.AttributeValueMemberSS{Value: []string{"b", "a"}}, "ns": &types.AttributeValueMemberNS{Value: []string{"2", "10"}},
		"m": &types.AttributeValueMemberM{Value: item{"y": number(1), "x": text("")}},
		"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{number(2), text("")}}, "unknown": &types.UnknownUnionMember{Tag: "X"},
	})
	require.Equal(t, `{"b":"aGk=","bool":true,"bs":["AA==","/w=="],"l":[2,""],"m":{"x":"","y":1},"n":5,"ns":[10,2],"null":null,"s":"x","ss":["a","b"],"unknown":{}}`,
		canonical(t, got))
}

// values draws any value that both DynamoDB and JSON can represent.
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

func canonical(t require.TestingT, value any) string {
	text, err := strictjson.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

func TestDocumentsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		document := canonical(t, rapid.MapOfN(rapid.String(), values(3), 0, 6).Draw(t, "document"))
		stream, err := streamimage.Encode(json.RawMessage(document))
		require.NoError(t, err)
		parsed, err := streamimage.Parse(stream)
		require.NoError(t, err)
		unescape := strings.NewReplacer(`\\`, `\\`, `\u2028`, "\u2028", `\u2029`, "\u2029") // the standard library escapes two more characters
		require.Equal(t, unescape.Replace(document), string(parsed.JSON()))

		stored, err := attributevalue.UnmarshalMapJSON(stream)
		require.NoError(t, err)
		require.Equal(t, document, canonical(t, plain(stored)))
	})
}

func TestBinaryValuesHaveOneEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOf(rapid.Byte()).Draw(t, "data")
		stream, err := json.Marshal(map[string]any{"a": map[string]string{"B": base64.StdEncoding.EncodeToString(data)}})
		require.NoError(t, err)
		parsed, err := streamimage.Parse(stream)
		require.NoError(t, err)
		require.Equal(t, string(parsed.JSON()), canonical(t, plain(item{"a": &types.AttributeValueMemberB{Value: data}})))
	})
}
