package hostile

import (
	"encoding/base64"
	"strings"

	"orders/internal/order"
)

// routes are paths and methods that the service does not have, and invalid order IDs.
func routes(good *place) []Request {
	text := good.text(nil)
	mallory := func(method, path string, want Expectation) Request {
		r := Request{Name: "route: " + method + " " + printable(path), Method: method, Path: path, Headers: []string{asMallory}, Want: want}
		if method == "POST" {
			return r.with(text)
		}
		return r
	}
	var all []Request
	for _, path := range []string{
		"//", "/order", "/Orders", "/ORDERS", "//orders", "///orders", "/orders//", "/./orders", "/orders/.", "/x/../orders",
		"/orders/..", "/%2e/orders",
		"/%2e%2e/orders", "/orders/%2e", "/orders/%2e%2e/orders", "/orders/%2E%2E%2Fbackend", "/%2Forders", "/orders%2F",
		"/orders%2f%2e%2e%2forders", "/orders%00", "/orders%20",
		"/orders%09", "/orders%0a", "/orders%0d%0aX-Sub:%20victim", "/orders;sub=victim", "/orders.json", "/orders%3Fsub=victim", "/orders%23",
		"/orders*", "/*", "/local/orders",
		"/prod/orders", "/v1/orders", "/orders/1/2", "/orders/orders/orders", "/%252e%252e/orders", "/..%5corders", "/..;/orders",
		"/%c0%ae%c0%ae/orders", "/%ef%bc%8forders", "/\xef\xbc\x8forders",
		"/backend", "/backend/", "http://localhost//orders", "/" + times("a/", 20000) + "orders",
		"/" + times("../", 20000) + "orders",
		"//orders/" + victimsOrder, "/orders//" + victimsOrder, "/orders/./" + victimsOrder,
		"/orders/%2e%2e/backend/" + victimsOrder, "/orders/..%2fbackend%2f" + victimsOrder,
		"/orders/" + victimsOrder + "%2F", "/orders/" + victimsOrder + "/..", "/orders/%2F" + victimsOrder,
	} {
		all = append(all, mallory("GET", path, noRoute))
		if !strings.Contains(path, victimsOrder) {
			all = append(all, mallory("POST", path, noRoute))
		}
	}
	for _, method := range []string{"HEAD", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "get", "post", "Post", "GETT", "POST1", "M-SEARCH", "$" + marker, times("X", 20000)} {
		for _, path := range []string{"/orders", "/orders/" + victimsOrder, "/backend/" + victimsOrder} {
			all = append(all, mallory(method, path, noRoute))
		}
	}
	all = append(all, mallory("POST", "/orders/"+victimsOrder, noRoute), mallory("POST", "/backend/"+victimsOrder, noRoute), mallory("OPTIONS", "/backend/"+victimsOrder, noRoute), mallory("GET", "*", noRoute))
	for _, id := range orderIDs() {
		all = append(all, mallory("GET", "/orders/"+id, notFound))
	}
	all = append(all, mallory("GET", "/orders/"+victimsOrder+"/", notFound)) // the same route
	return append(all, queries(mallory)...)
}

func orderIDs() []string {
	bare := strings.ReplaceAll(victimsOrder, "-", "")
	return []string{
		victimsOrder, strings.ToUpper(victimsOrder), bare, "%7B" + victimsOrder + "%7D", "urn:uuid:" + victimsOrder, "%20" + victimsOrder,
		victimsOrder + "%20", victimsOrder + "%00",
		victimsOrder + "%0A", victimsOrder + "%0d%0aX-Sub:%20victim", victimsOrder + ".json", victimsOrder + ";sub=victim", victimsOrder + "*",
		victimsOrder + "?sub=victim", victimsOrder + "?userId=victim&claims.sub=victim",
		victimsOrder + "?orderId=" + victimsOrder, victimsOrder[:35], victimsOrder + "0", "%2a", "*", "null", "undefined", "NaN", "0", "-1",
		"1e400", "true", "%7B%7D", "%7B%22$ne%22:null%7D", "'%20OR%201=1--",
		"$%7Bjndi:ldap:%2f" + marker + "%7D", "%7B%7B7*7%7D%7D", "%3Cscript%3E" + marker, "a%2Fb", "%25", "%252e%252e", "%252F", "..%5c",
		"%c0%ae%c0%ae", "%ff", "%ed%a0%80",
		"%e2%80%ae", "%F0%9F%A7%A6", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
		"00000000-0000-0000-0000-00000000000g", times("a", 60000),
		times("%00", 20000), "{orderId}", "%7BorderId%7D", "me", "__proto__", "CON", "..%00", "file:%2fetc%2fpasswd",
	}
}

// queries are invalid limits.
func queries(mallory func(method, path string, want Expectation) Request) []Request {
	var all []Request
	for _, limit := range []string{
		"", "0", "00", "-0", "-1", "101", "256", "257", "65537", "4294967297", "18446744073709551617", "1.5", "1.0", "1e1", "1e400", "0x10",
		"0b1", "1_0", "%2B5", "+5", "%205", "5%20", "5%00", "5%0a", "٣",
		"%EF%BC%95", "5,6", "5%3B6", "NaN", "Infinity", "null", "true", "%5B5%5D", "%7B%7D", "%225%22", "5'--", marker, times("9", 60000),
		times("0", 300) + "x",
		"5&limit=0", "5&limit=", "5&limit=101",
	} {
		all = append(all, mallory("GET", "/orders?limit="+limit, badLimit))
	}
	for _, query := range []string{"limit=0&nextToken=x", "limit=101&sub=victim", "limit=-1&userId=victim"} {
		all = append(all, mallory("GET", "/orders?"+query, badLimit))
	}
	return all
}

// pages are page tokens that the service never returned.
func pages() []Request {
	list := func(what, query string, want Expectation) Request {
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
		position("", victimsOrder), position(now, ""),
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
	empty := Expectation{Status: 200, Body: `{"orders":[]}`}
	for _, text := range []string{ // stored orders may have any dates and IDs
		position("-1", victimsOrder), position("1769165629.5", victimsOrder),
		position("-2026-01-23T10:53:49Z", victimsOrder), position("2026-13-45T25:61:61Z", victimsOrder),
		position("12026-01-23T10:53:49Z", victimsOrder), position("2026-02-30T00:00:00Z", victimsOrder), position("2026-01-23", victimsOrder),
		position("now", victimsOrder), position(`\u0000`, victimsOrder),
		position("9999-99-99T99:99:99.999999Z", victimsOrder), position(now+" ", victimsOrder), position(now, marker),
		position(now, strings.ToUpper(victimsOrder)),
		position(now, strings.ReplaceAll(victimsOrder, "-", "")), position(now, victimsOrder+" "), position(now, "*"),
		position(now, "' OR 1=1--"),
	} {
		all = append(all, list("odd position "+printable(text), "nextToken="+url([]byte(text)), empty))
	}
	return append(all,
		list("another user's position", "nextToken="+order.Position{CreatedDate: now, OrderID: victimsOrder}.Token(), empty),
		list("another user's position, before all time", "nextToken="+url([]byte(position("1970-01-01T00:00:00Z", victimsOrder))), empty),
		list("another user's position, after all time", "nextToken="+url([]byte(position("9999-12-31T23:59:59.999999Z", victimsOrder))), empty),
		list("another user's position and name", "nextToken="+token+"&userId=victim&sub=victim&claims[sub]=victim", empty),
		list("a list of another user", "userId=victim&sub=victim", empty),
	)
}
