package order

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"
)

var position = Position{CreatedDate: "2026-01-23T10:53:49.131052Z", OrderID: IDFor("token")}

func TestPositionsRoundTripThroughTokens(t *testing.T) {
	got, err := ParsePosition(position.Token())
	require.NoError(t, err)
	require.Equal(t, position, got)
}

func TestMalformedTokensAreInvalid(t *testing.T) {
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for _, token := range []string{
		"", "x", "???", encode(""), encode("{}"), encode("[]"), encode("null"), encode(`{"c":"2026-01-23T10:53:49Z","o":"1"}`),
		encode(`{"c":"yesterday","o":"` + position.OrderID + `"}`), encode(`{"c":5,"o":"` + position.OrderID + `"}`),
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
		require.True(t, ValidID(p.OrderID))
	})
}
