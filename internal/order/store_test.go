package order

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var position = Position{CreatedDate: "2026-01-23T10:53:49.131052Z", OrderID: IDFor("token")}

// Stored orders may have any dates and IDs.
func TestPositionsRoundTripThroughTokens(t *testing.T) {
	date := rapid.OneOf(rapid.StringN(1, 100, 1024), rapid.SampledFrom([]string{"2026-01-23T10:53:60Z", "2026-01-23T10:53:49+0000", "2026-01-23 10:53:49", "<&>\u2028"}))
	rapid.Check(t, func(t *rapid.T) {
		want := Position{CreatedDate: Date(date.Draw(t, "date")), OrderID: rapid.StringN(1, 100, 2048).Draw(t, "id")}
		got, err := ParsePosition(want.Token())
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestMalformedTokensAreInvalid(t *testing.T) {
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for _, token := range []string{
		"", "x", "???", encode(""), encode("{}"), encode("[]"), encode("null"), encode(`{"c":"","o":"1"}`), encode(`{"c":"1","o":""}`),
		Position{CreatedDate: Date(strings.Repeat("c", 1025)), OrderID: "1"}.Token(), Position{CreatedDate: "1", OrderID: strings.Repeat("o", 2049)}.Token(),
		encode(`{"c":5,"o":"` + position.OrderID + `"}`),
		position.Token() + "=", position.Token() + "A", position.Token()[1:],
		encode(`{"c":"2026-01-23T10:53:49.131052Z","o":"` + position.OrderID + `","userId":"other"}`),
	} {
		_, err := ParsePosition(token)
		require.Equal(t, Invalid, KindOf(err), token)
	}
}

func FuzzParsePosition(f *testing.F) {
	f.Add(position.Token())
	f.Add("")
	f.Add("e30")
	f.Fuzz(func(t *testing.T, token string) {
		p, err := ParsePosition(token)
		if err != nil {
			require.Equal(t, Invalid, KindOf(err))
			return
		}
		require.Equal(t, token, p.Token())
		require.NotEmpty(t, p.OrderID)
	})
}
