package peer

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/safehttp"
)

// BenchmarkCheck is one check's own cost, over a peer in memory that answers at once: making and reading the JSON, and
// all that is there for answers that do not come.
func BenchmarkCheck(b *testing.B) {
	for name, transport := range map[string]http.RoundTripper{
		"unsigned": canned(200, `{"ok": true}`),
		"signed":   safehttp.Sign(canned(200, `{"ok": true}`), staticKeys(keys), region),
	} {
		b.Run(name, func(b *testing.B) {
			users, o := NewUsers("http://peer.example", Calls{Transport: transport}), anOrder()
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, users.Check(b.Context(), o))
			}
		})
	}
}

// BenchmarkAttempt is the same without the race: what is left of it when nothing can be late or get lost.
func BenchmarkAttempt(b *testing.B) {
	users := NewUsers("http://peer.example", Calls{Transport: canned(200, `{"ok": true}`)})
	o := anOrder()
	b.ReportAllocs()
	for b.Loop() {
		body, err := encode(struct {
			UserID string `json:"userId"`
		}{o.UserID})
		require.NoError(b, err)
		result := users.attempt(b.Context(), body, func(a answer) error { return verdict(a, "") })
		require.NoError(b, result.verdict)
	}
}
