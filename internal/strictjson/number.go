package strictjson

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// Int64 returns the value of a JSON number that is whole, however it is written: 100, 100.0 and 1e2
// are the same. A value beyond 64 bits becomes the nearest one that fits, which every bound refuses
// just as well; an exponent, however large, costs no time. It reports false for a number with a
// fraction, and for any other text.
func Int64(number json.Number) (int64, bool) {
	if !IsNumber(string(number)) {
		return 0, false
	}
	if v, err := strconv.ParseInt(string(number), 10, 64); err == nil { // nearly always
		return v, true
	}
	text, negative := strings.CutPrefix(string(number), "-")
	mantissa, exponentText, _ := strings.Cut(strings.ToLower(text), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	significant := strings.TrimRight(digits, "0")
	if significant == "" {
		return 0, true
	}
	zeros := len(digits) - len(significant) - len(fraction)
	exponent := exponentOf(exponentText) + zeros
	if exponent < 0 {
		return 0, false
	}
	value := int64(math.MaxInt64)
	if len(significant)+exponent <= 19 {
		if v, err := strconv.ParseInt(significant+strings.Repeat("0", exponent), 10, 64); err == nil {
			value = v
		}
	}
	if negative {
		value = -value
	}
	return value, true
}

// IsNumber reports whether text is a JSON number and nothing else, white space included.
func IsNumber(text string) bool {
	return text != "" && (text[0] == '-' || isDigit(text[0])) && isDigit(text[len(text)-1]) && json.Valid([]byte(text))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// exponentOf reads an exponent, bounded far beyond what any number of digits could make up for.
func exponentOf(text string) int {
	const bound = math.MaxInt32
	if text == "" {
		return 0
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil { // more digits than 64 bits
		if strings.HasPrefix(text, "-") {
			return -bound
		}
		return bound
	}
	return int(max(-bound, min(bound, v)))
}
