package hostile

import (
	"encoding/base64"
	"strings"

	"orders/internal/order"
)

// pages are positions in lists that no answer gave.
func pages() []Request {
	list := func(what, query string, want Answer) Request {
		return Request{Name: "page: " + what, Method: "GET", Path: "/orders?" + query, Headers: []string{asMallory}, Want: want}
	}
	position := func(date, id string) string { return `{"c":"` + date + `","o":"` + id + `"}` }
	const now = "2026-01-23T10:53:49.131052Z"
	good := position(now, victimsOrder)
	url := base64.RawURLEncoding.EncodeToString
	var all []Request
	for _, text := range []string{
		"", "null", "true", "7", `""`, `"` + now + `"`, "[]", "{}", "[" + good + "]", `{"c":"` + now + `"}`, `{"o":"` + victimsOrder + `"}`,
		`{"c":null,"o":null}`,
		`{"c":-1,"o":"` + victimsOrder + `"}`, `{"c":1.5,"o":"` + victimsOrder + `"}`, `{"c":1e400,"o":"` + victimsOrder + `"}`,
		`{"c":{"S":"` + now + `"},"o":{"S":"x"}}`,
		position("", victimsOrder), position("-1", victimsOrder), position("1769165629.5", victimsOrder),
		position("-2026-01-23T10:53:49Z", victimsOrder), position("2026-13-45T25:61:61Z", victimsOrder),
		position("12026-01-23T10:53:49Z", victimsOrder), position("2026-02-30T00:00:00Z", victimsOrder), position("2026-01-23", victimsOrder),
		position("now", victimsOrder), position(`\u0000`, victimsOrder),
		position("9999-99-99T99:99:99.999999Z", victimsOrder), position(now+" ", victimsOrder), position(now, ""), position(now, marker),
		position(now, strings.ToUpper(victimsOrder)),
		position(now, strings.ReplaceAll(victimsOrder, "-", "")), position(now, victimsOrder+" "), position(now, "*"),
		position(now, "' OR 1=1--"),
		`{"userId":"victim",` + good[1:], strings.Replace(good, "}", `,"userId":"victim"}`, 1), strings.Replace(good, "}", `,"c":"`+now+`"}`, 1),
		strings.Replace(good, `"c"`, `"C"`, 1),
		`{"o":"` + victimsOrder + `","c":"` + now + `"}`, " " + good, good + "\n", good + good, good + "x",
		strings.Replace(good, `"c"`, `"\u0063"`, 1), "\ufeff" + good, good[:len(good)-1],
		`{"userId":{"S":"victim"},"orderId":{"S":"` + victimsOrder + `"}}`, "\xff\xfe", "\x00", "\xac\xed\x00\x05sr", "gASV",
		"O:8:\"stdClass\":0:{}", "<x/>", strings.Repeat("[", 500),
		position(now, strings.Repeat("0", 3000)), position(strings.Repeat("2", 3000), victimsOrder),
	} {
		all = append(all, list("encoded "+printable(text), "nextToken="+url([]byte(text)), badToken))
	}
	token := url([]byte(good))
	for _, raw := range []string{
		"%00", "%20", "%ff", "+", "=", "-", "..", "x", marker, "null", "undefined", "*", "%25", "../../etc/passwd", "'%20OR%201=1--",
		"%3Cscript%3E", strings.ToLower(token), token[:len(token)-1], token + "A",
		token + "=", token + "==", token + "%0a", "%20" + token, token + "%20", token + "%00", token[:4] + "%0d%0a" + token[4:],
		token + "." + token, base64.StdEncoding.EncodeToString([]byte(good + "\xff\xfe\xfb")),
		url([]byte(token)), times("A", 60000), times("%41", 60000), token + "&nextToken=", token + "&nextToken=x", "eyJjIjoi",
		"eyJhbGciOiJub25lIn0.e30.",
	} {
		all = append(all, list("raw "+printable(raw), "nextToken="+raw, badToken))
	}
	empty := Answer{Status: 200, Body: `{"orders":[]}`}
	return append(all,
		list("another user's position", "nextToken="+order.Position{CreatedDate: now, OrderID: victimsOrder}.Token(), empty),
		list("another user's position, before all time", "nextToken="+url([]byte(position("1970-01-01T00:00:00Z", victimsOrder))), empty),
		list("another user's position, after all time", "nextToken="+url([]byte(position("9999-12-31T23:59:59.999999Z", victimsOrder))), empty),
		list("another user's position and name", "nextToken="+token+"&userId=victim&sub=victim&claims[sub]=victim", empty),
		list("a list of another user", "userId=victim&sub=victim", empty),
	)
}
