package peer

import (
	"bytes"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

// FuzzAnswer holds every check, on every answer, to a second reading of the contract.
func FuzzAnswer(f *testing.F) {
	for _, s := range subjects() {
		for _, body := range []string{s.yes, s.no, "", "null", "[]", "{}", s.yes + "x", `{"ok":"true"}`, `{"OK":true}`, `{"ok":true,"ok":false}`,
			`{"pricing":1000.0}`, `{"pricing":1e3}`, `{"pricing":"1000"}`, `{"pricing":1e999999999}`, `{"products":null}`, `{"products":{}}`, "{\"ok\":\xff}"} {
			f.Add([]byte(body), true)
		}
		f.Add([]byte(s.yes), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, is200 bool) {
		status := 200
		if !is200 {
			status = 500
		}
		for _, s := range subjects() {
			err := s.make("http://peer.example", Calls{Transport: canned(status, string(body)), Random: atOnce}).Check(t.Context(), anOrder())
			valid := is200 && says(s.name, body)
			require.Equal(t, valid, err == nil, "%s: %v", s.name, err)
			if kind := order.KindOf(err); err != nil && kind != order.Rejected && kind != order.CheckFailed {
				t.Fatalf("%s: kind %q", s.name, kind)
			}
		}
	})
}

// says tells whether a 200 with this body is a yes of the peer's.
func says(peer string, body []byte) bool {
	if !json.Valid(body) || len(body) > maxAnswerBytes {
		return false
	}
	var document any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if decoder.Decode(&document) != nil {
		return false
	}
	members, isObject := document.(map[string]any)
	if !isObject {
		return false
	}
	switch peer {
	case "delivery":
		number, isNumber := members["pricing"].(json.Number)
		if !isNumber || len(number) > maxPriceDigits {
			return false
		}
		value, _, err := big.ParseFloat(string(number), 10, 8192, big.ToNearestEven)
		return err == nil && value.Cmp(big.NewFloat(1000)) == 0
	case "products":
		products, given := members["products"]
		list, isList := products.([]any)
		return !given || products == nil || isList && len(list) == 0
	}
	ok, isBool := members["ok"].(bool)
	return isBool && ok
}
