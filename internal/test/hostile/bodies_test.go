package hostile

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf16"
)

// malformed are bodies that are not JSON, most of them a valid order except for one thing.
func malformed(good string) []Request {
	price := func(text string) string { return strings.Replace(good, `"price":2`, `"price":`+text, 1) }
	name := func(text string) string {
		return strings.Replace(good, `"name":"`+marker+`"`, `"name":"`+marker+text+`"`, 1)
	}
	var all []Request
	for _, c := range []struct{ what, body string }{
		{"empty", ""}, {"a space", " "}, {"a brace", "{"}, {"a closing brace", "}"}, {"a quote", `"`}, {"a bare word", marker},
		{"undefined", "undefined"},
		{"True", "True"}, {"nul", "nul"}, {"NaN", "NaN"}, {"-", "-"}, {"a comment before", "/* " + marker + " */" + good},
		{"a comment after", good + "// " + marker},
		{"cut in half", good[:len(good)/2]}, {"without its last brace", good[:len(good)-1]}, {"without its first brace", good[1:]},
		{"with a brace too many", good + "}"}, {"with a bracket for a brace", good[:len(good)-1] + "]"}, {"with a comma after", good + ","},
		{"with a trailing comma", good[:len(good)-1] + ",}"}, {"with a leading comma", "{," + good[1:]},
		{"with two commas", strings.Replace(good, ",", ",,", 1)},
		{"without a colon", strings.Replace(good, ":", " ", 1)}, {"with an equals sign", strings.Replace(good, ":", "=", 1)},
		{"with a semicolon", strings.Replace(good, ",", ";", 1)}, {"with a trailing comma in the list", strings.Replace(good, "}]", "},]", 1)},
		{"twice", good + good}, {"twice, by lines", good + "\n" + good}, {"with garbage after", good + marker},
		{"with a NUL after", good + "\x00"},
		{"with null after", good + "null"}, {"with a byte order mark", "\ufeff" + good}, {"with a byte order mark after", good + "\ufeff"},
		{"after a no-break space", "\u00a0" + good}, {"after a line separator", "\u2028" + good}, {"after a vertical tab", "\v" + good},
		{"after a form feed", "\f" + good},
		{"after a record separator", "\x1e" + good}, {"after a NUL", "\x00" + good}, {"after a guard", ")]}',\n" + good},
		{"as JSONP", "order(" + good + ");"},
		{"in single quotes", strings.ReplaceAll(good, `"`, "'")}, {"in typographic quotes", strings.ReplaceAll(good, `"`, "”")},
		{"without quotes", strings.ReplaceAll(good, `"`, "")},
		{"with an unquoted name", strings.Replace(good, `"price"`, "price", 1)},
		{"with a number for a name", strings.Replace(good, `"price"`, "1", 1)},
		{"with null for a name", strings.Replace(good, `"price"`, "null", 1)}, {"with a raw line end", name("\n")},
		{"with a raw carriage return", name("\r")}, {"with a raw tab", name("\t")},
		{"with a raw NUL", name("\x00")}, {"with a raw escape character", name("\x1b[31m")}, {"with a raw unit separator", name("\x1f")},
		{"with an escaped quote left open", name(`\`)},
		{`with \x41`, name(`\x41`)}, {`with \u12`, name(`\u12`)}, {`with \u{41}`, name(`\u{41}`)}, {`with \U0041`, name(`\U0041`)},
		{`with \'`, name(`\'`)}, {`with \0`, name(`\0`)},
		{`with \ud800 cut off`, name(`\ud800\u`)}, {"with +2", price("+2")}, {"with 02", price("02")}, {"with -02", price("-02")},
		{"with .5", price(".5")}, {"with 2.", price("2.")},
		{"with 2e", price("2e")}, {"with 2e+", price("2e+")}, {"with 2e2.5", price("2e2.5")}, {"with 0x2", price("0x2")},
		{"with 0b10", price("0b10")}, {"with 2_0", price("2_0")},
		{"with 2n", price("2n")}, {"with NaN", price("NaN")}, {"with Infinity", price("Infinity")}, {"with -Infinity", price("-Infinity")},
		{"with --2", price("--2")}, {"with - 2", price("- 2")},
		{"with 1,000", price("1,000")}, {"with Arabic digits", price("٢")}, {"with fullwidth digits", price("２")},
		{"with an exponent of a minus", price("2e−1")}, {"with a sum", price("1+1")},
		{"as XML", "<order><price>2</price><!DOCTYPE x [<!ENTITY y SYSTEM \"file:///etc/passwd\">]></order>"},
		{"as a form", "paymentToken=" + marker + "&total=6"}, {"as YAML", "paymentToken: " + marker + "\ntotal: 6\n"},
		{"as Base64", base64.StdEncoding.EncodeToString([]byte(good))}, {"percent-encoded", "%7B%22total%22%3A6%7D"},
		{"as multipart", "--x\r\nContent-Disposition: form-data; name=\"order\"\r\n\r\n" + good + "\r\n--x--\r\n"},
		{"in UTF-16, little-endian", inUTF16(good, false)}, {"in UTF-16, big-endian", inUTF16(good, true)},
		{"in UTF-16 with a mark", inUTF16("\ufeff"+good, false)}, {"in UTF-32", inUTF32(good)},
		{"as gzip", zipped(good)}, {"as MessagePack", "\x81\xa5total\x06"}, {"as CBOR", "\xa1\x65total\x06"},
		{"as BSON", "\x10\x00\x00\x00\x10total\x00\x06\x00\x00\x00\x00"},
		{"with ISO 8859-1", name("\xe4")}, {"with a lone continuation byte", name("\x80")}, {"with a cut character", name("\xe2\x82")},
		{"with an overlong slash", name("\xc0\xaf")},
		{"with an overlong NUL", name("\xc0\x80")}, {"with a surrogate in UTF-8", name("\xed\xa0\x80")},
		{"with CESU-8", name("\xed\xa0\xbd\xed\xb8\x80")}, {"beyond Unicode", name("\xf4\x90\x80\x80")},
		{"with five bytes a character", name("\xf8\x88\x80\x80\x80")}, {"with 0xFF", name("\xff")},
		{"with a name of invalid UTF-8", "{\"\xff\":1," + good[1:]}, {"with invalid UTF-8 after", good + "\xff"},
		{"with invalid UTF-8 before", "\xfe\xff" + good},
	} {
		all = append(all, create("syntax: "+c.what, notJSON).with(c.body))
	}
	for _, c := range []string{"null", "true", "0", "-1e400", `""`, `"{}"`, "[]", "[[]]", "[" + good + "]"} {
		all = append(all, create("syntax: no object but "+c[:min(8, len(c))], invalid(": must be an object")).with(c))
	}
	return all
}

func inUTF16(text string, bigEndian bool) string {
	var out strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		low, high := byte(unit), byte(unit>>8)
		if bigEndian {
			low, high = high, low
		}
		out.Write([]byte{low, high})
	}
	return out.String()
}

func inUTF32(text string) string {
	var out strings.Builder
	for _, r := range text {
		out.Write([]byte{byte(r), byte(r >> 8), byte(r >> 16), 0})
	}
	return out.String()
}

// zipped returns text as gzip, without compression because its result may differ between versions
// of Go.
func zipped(text string) string {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.NoCompression)
	if err != nil {
		panic(err)
	}
	if _, err := fmt.Fprint(w, text); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.String()
}

// framings are bodies that their headers contradict, and bodies in unusual chunks.
func framings(good *place) []Request {
	text, wrong := good.text(nil), good.text(edits{good.at("/total"): setTo("7")})
	all := []Request{
		create("framing: gzip, said so", notJSON, "Content-Encoding: gzip").with(zipped(text)),
		create("framing: gzip, not so", notJSON, "Content-Encoding: gzip").with(text[1:]),
		create("framing: gzip twice, said so", notJSON, "Content-Encoding: gzip, gzip").with(zipped(zipped(text))),
	}
	for _, line := range []string{
		"Content-Encoding: br", "Content-Encoding: identity", "Content-Encoding: aws-chunked", "Content-Encoding: " + marker,
		"Content-Type: text/plain", "Content-Type: application/xml",
		"Content-Type: application/json; charset=utf-16", "Content-Type: application/x-www-form-urlencoded",
		"Content-Type: multipart/form-data; boundary=x", "Content-Type:",
		"Content-Type: " + marker + "/\xff", "Content-MD5: " + marker, "Digest: sha-256=" + marker, "Content-Range: bytes 0-1/2",
		"Content-Language: " + marker, "Content-Transfer-Encoding: base64",
		"Accept: application/xml", "Accept-Encoding: gzip", "Range: bytes=0-1", "If-None-Match: *",
		"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
		"Connection: keep-alive, Authorization", "TE: trailers", "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD",
		"X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "Idempotency-Key: " + marker,
		"X-HTTP-Method-Override: DELETE", "X-HTTP-Method: PUT", "X-Method-Override: GET", "Expect:", "Cookie: " + times(marker+"=1; ", 500),
	} {
		all = append(all, create("framing: "+printable(line), wrongTotal("7", "6"), line).with(wrong))
	}
	chunked := func(name string, want Expectation, body string, more ...string) Request {
		return create("framing: "+name, want, append([]string{"Transfer-Encoding: chunked"}, more...)...).with(body)
	}
	return append(all,
		chunked("chunked", wrongTotal("7", "6"), chunks(wrong, 50, "")),
		chunked("a chunk a byte", wrongTotal("7", "6"), chunks(wrong, 1, "")),
		chunked("chunks with extensions", wrongTotal("7", "6"), chunks(wrong, 100, `;x="`+marker+`"`)),
		chunked("chunks and a length", wrongTotal("7", "6"), chunks(wrong, 100, ""), "Content-Length: 3"),
		chunked("chunks cut within a character", notJSON, chunks(`{"x":"é`, 7, "")),
		chunked("no chunks", notJSON, "0\r\n\r\n"),
		chunked("chunks and a trailer", wrongTotal("7", "6"), strings.TrimSuffix(chunks(wrong, 400, ""), "\r\n")+"X-Sub: victim\r\n\r\n", "Trailer: X-Sub"),
		chunked("a chunk's size is no number", malformedHTTP, marker+"\r\n"+text+"\r\n0\r\n\r\n"),
		chunked("a chunk's size is negative", malformedHTTP, "-1\r\n"+text+"\r\n0\r\n\r\n"),
		chunked("a chunk's size is beyond 64 bits", malformedHTTP, "fffffffffffffffff\r\n"+text+"\r\n0\r\n\r\n"),
		chunked("a chunk is longer than its size", malformedHTTP, "1\r\n"+text+"\r\n0\r\n\r\n"),
		endsEarly(chunked("the last chunk is missing", malformedHTTP, strings.TrimSuffix(chunks(text, 1000, ""), "0\r\n\r\n"))),
		endsEarly(chunked("a chunk is shorter than its size", malformedHTTP, "fff\r\n"+text)),
		endsEarly(create("framing: shorter than its length", malformedHTTP, "Content-Length: 100000").with(text)),
		create("framing: the same length twice", wrongTotal("7", "6"), fmt.Sprintf("Content-Length: %d\r\nContent-Length: %d", len(wrong), len(wrong))).with(wrong),
		chunkedOver("framing: one byte over 128 KiB in chunks"),
		Request{Name: "framing: an identity in the trailer", Method: "POST", Path: "/orders", Headers: []string{"Transfer-Encoding: chunked", "Trailer: Authorization"}, Want: unauthorized}.
			with(strings.TrimSuffix(chunks(text, 400, ""), "\r\n")+asMallory+"\r\n\r\n"),
		Request{Name: "framing: a body with GET", Method: "GET", Path: "/orders/" + victimsOrder, Headers: []string{asMallory}, Want: notFound}.with(`{"userId":"victim"}`),
	)
}

func endsEarly(r Request) Request {
	r.Ends = true
	return r
}

// chunks returns a body in chunked transfer encoding.
func chunks(body string, size int, extension string) string {
	var out strings.Builder
	for len(body) > 0 {
		n := min(size, len(body))
		fmt.Fprintf(&out, "%x%s\r\n%s\r\n", n, extension, body[:n])
		body = body[n:]
	}
	return out.String() + "0\r\n\r\n"
}

func chunkedOver(name string) Request {
	r := create(name, tooLarge, "Transfer-Encoding: chunked")
	r.Pieces = []Piece{{Text: "100\r\n" + strings.Repeat("[", 256) + "\r\n", Times: 512}, {Text: "1\r\n]\r\n0\r\n\r\n"}}
	return r
}
