package hostile

import (
	"fmt"
	"strings"
)

// framings are bodies whose headers say other things than the body, and bodies that come in odd chunks.
func framings(good *place) []Request {
	text, wrong := good.text(nil), good.text(edits{good.at("/total"): setTo("7")})
	all := []Request{
		orderBy("framing: gzip, said so", noJSON, "Content-Encoding: gzip").with(zipped(text)),
		orderBy("framing: gzip, not so", noJSON, "Content-Encoding: gzip").with(text[1:]),
		orderBy("framing: gzip twice, said so", noJSON, "Content-Encoding: gzip, gzip").with(zipped(zipped(text))),
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
		all = append(all, orderBy("framing: "+printable(line), wrongTotal("7", "6"), line).with(wrong))
	}
	chunked := func(name string, want Answer, body string, more ...string) Request {
		return orderBy("framing: "+name, want, append([]string{"Transfer-Encoding: chunked"}, more...)...).with(body)
	}
	return append(all,
		chunked("chunked", wrongTotal("7", "6"), chunks(wrong, 50, "")),
		chunked("a chunk a byte", wrongTotal("7", "6"), chunks(wrong, 1, "")),
		chunked("chunks with extensions", wrongTotal("7", "6"), chunks(wrong, 100, `;x="`+marker+`"`)),
		chunked("chunks and a length", wrongTotal("7", "6"), chunks(wrong, 100, ""), "Content-Length: 3"),
		chunked("chunks cut within a character", noJSON, chunks(`{"x":"é`, 7, "")),
		chunked("no chunks", noJSON, "0\r\n\r\n"),
		chunked("chunks and a trailer", wrongTotal("7", "6"), strings.TrimSuffix(chunks(wrong, 400, ""), "\r\n")+"X-Sub: victim\r\n\r\n", "Trailer: X-Sub"),
		chunked("a chunk's size is no number", unreadable, marker+"\r\n"+text+"\r\n0\r\n\r\n"),
		chunked("a chunk's size is negative", unreadable, "-1\r\n"+text+"\r\n0\r\n\r\n"),
		chunked("a chunk's size is beyond 64 bits", unreadable, "fffffffffffffffff\r\n"+text+"\r\n0\r\n\r\n"),
		chunked("a chunk is longer than its size", unreadable, "1\r\n"+text+"\r\n0\r\n\r\n"),
		endsEarly(chunked("the last chunk is missing", unreadable, strings.TrimSuffix(chunks(text, 1000, ""), "0\r\n\r\n"))),
		endsEarly(chunked("a chunk is shorter than its size", unreadable, "fff\r\n"+text)),
		endsEarly(orderBy("framing: shorter than its length", unreadable, "Content-Length: 100000").with(text)),
		orderBy("framing: the same length twice", wrongTotal("7", "6"), fmt.Sprintf("Content-Length: %d\r\nContent-Length: %d", len(wrong), len(wrong))).with(wrong),
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

// chunks is a body in chunked transfer encoding.
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
	r := orderBy(name, tooLarge, "Transfer-Encoding: chunked")
	r.Pieces = []Piece{{Text: "100\r\n" + strings.Repeat("[", 256) + "\r\n", Times: 512}, {Text: "1\r\n]\r\n0\r\n\r\n"}}
	return r
}
