package peer

import (
	"bytes"
	"encoding/json"
	"math/big"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

// FuzzResponse compares every check, for every response, with a second implementation of the
// contract.
func FuzzResponse(f *testing.F) {
	for _, s := range specs() {
		for _, body := range []string{s.accepted, s.rejected, "", "null", "[]", "{}", s.accepted + "x", `{"ok":"true"}`, `{"OK":true}`, `{"ok":true,"ok":false}`,
			`{"pricing":1000.0}`, `{"pricing":1e3}`, `{"pricing":"1000"}`, `{"pricing":1e999999999}`, `{"message":"","products":null}`, `{"message":"","products":{}}`, "{\"ok\":\xff}"} {
			f.Add([]byte(body), true)
		}
		f.Add([]byte(s.accepted), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, is200 bool) {
		status := 200
		if !is200 {
			status = 500
		}
		for _, s := range specs() {
			err := s.newCheck("http://peer.example", Options{Transport: respondAlways(status, string(body)), Backoff: time.Microsecond}).Check(t.Context(), sampleOrder())
			accepted := is200 && isAccepted(s.name, body)
			require.Equal(t, accepted, err == nil, "%s: %v", s.name, err)
			if kind := order.KindOf(err); err != nil && kind != order.Rejected && kind != order.CheckFailed {
				t.Fatalf("%s: kind %q", s.name, kind)
			}
		}
	})
}

// isAccepted reports whether a 200 with this body means that the peer accepts sampleOrder.
func isAccepted(peer string, body []byte) bool {
	if !utf8.Valid(body) || !json.Valid(body) || len(body) > maxResponseBytes {
		return false
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	document, duplicates := decode(decoder)
	members, isObject := document.(map[string]any)
	if !isObject || duplicates {
		return false
	}
	switch peer {
	case "delivery":
		number, isNumber := members["pricing"].(json.Number)
		if !isNumber || len(number) > 400 {
			return false
		}
		value, _, err := big.ParseFloat(string(number), 10, 8192, big.ToNearestEven)
		return err == nil && value.Cmp(big.NewFloat(1000)) == 0
	case "products":
		_, hasMessage := members["message"].(string)
		products, given := members["products"]
		list, isList := products.([]any)
		return hasMessage && (!given || isList && len(list) == 0)
	}
	ok, isBool := members["ok"].(bool)
	return isBool && ok
}

// decode returns a valid JSON value, and whether one of its objects has a name twice.
func decode(decoder *json.Decoder) (value any, duplicates bool) {
	token, _ := decoder.Token()
	switch token {
	case json.Delim('{'):
		members := map[string]any{}
		for decoder.More() {
			name, _ := decoder.Token()
			member, inside := decode(decoder)
			_, found := members[name.(string)]
			duplicates = duplicates || inside || found
			members[name.(string)] = member
		}
		decoder.Token()
		return members, duplicates
	case json.Delim('['):
		items := []any{}
		for decoder.More() {
			item, inside := decode(decoder)
			duplicates = duplicates || inside
			items = append(items, item)
		}
		decoder.Token()
		return items, duplicates
	}
	return token, false
}
