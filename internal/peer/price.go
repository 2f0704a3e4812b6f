package peer

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// maxPriceDigits bounds the digits and the exponent of a price, since 1e999999999 is short to say
// and long to work out.
const maxPriceDigits = 400

// A price is the exact number that a peer wrote, which may be 1000.0 or exceed 64 bits.
type price struct {
	value *big.Rat
	text  string
}

// parsePrice reads a JSON value. It is false for one that is missing, no number, or absurdly large.
func parsePrice(raw json.RawMessage) (price, bool) {
	var number json.Number
	if isText := strings.HasPrefix(string(raw), `"`); isText || json.Unmarshal(raw, &number) != nil {
		return price{}, false // encoding/json would take a number in quotes
	}
	text := string(number) // empty for null
	_, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	if e, err := strconv.Atoi(exponent); exponent != "" && (err != nil || max(e, -e) > maxPriceDigits) || len(text) > maxPriceDigits {
		return price{}, false
	}
	value, ok := new(big.Rat).SetString(text)
	return price{value, text}, ok
}

func (p price) is(amount int64) bool { return p.value.Cmp(new(big.Rat).SetInt64(amount)) == 0 }

// String is the price as an integer if it is one, and otherwise as the peer wrote it.
func (p price) String() string {
	if p.value.IsInt() {
		return p.value.Num().String()
	}
	return p.text
}
