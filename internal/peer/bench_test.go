package peer

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/strictjson"
)

// BenchmarkCheck measures one check's own cost: encoding and decoding JSON, and everything for the
// case that no response comes. The peer is in memory and responds at once.
func BenchmarkCheck(b *testing.B) {
	for name, transport := range map[string]http.RoundTripper{
		"unsigned": respondAlways(200, `{"ok": true}`),
		"signed":   sign(respondAlways(200, `{"ok": true}`)),
	} {
		b.Run(name, func(b *testing.B) {
			users, o := newCheck(usersContract(), "http://peer.example", Options{Transport: transport}), sampleOrder()
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, users.Check(b.Context(), o))
			}
		})
	}
}

// BenchmarkAttempt measures the same without the race.
func BenchmarkAttempt(b *testing.B) {
	users := newCheck(usersContract(), "http://peer.example", Options{Transport: respondAlways(200, `{"ok": true}`)})
	o := sampleOrder()
	b.ReportAllocs()
	for b.Loop() {
		body, err := strictjson.Marshal(struct {
			UserID string `json:"userId"`
		}{o.UserID})
		require.NoError(b, err)
		result := users.attempt(b.Context(), body, func(r strictjson.Object) error { return readOK(r, "") })
		require.NoError(b, result.verdict)
	}
}
