package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/httpbinding"
)

// canonicalRequest is the text whose hash is signed. It is not ok if a signed
// header is missing or if a part of the query would be left out of the text
// because it cannot be parsed.
func canonicalRequest(r *http.Request, signedHeaders []string, payload string) (text string, ok bool) {
	headers, ok := canonicalHeaders(r, signedHeaders)
	if !ok {
		return "", false
	}
	query, err := canonicalQuery(r.URL.RawQuery)
	if err != nil {
		return "", false
	}
	return strings.Join([]string{
		r.Method,
		canonicalPath(r.URL),
		query,
		headers,
		strings.Join(signedHeaders, ";"),
		payload,
	}, "\n"), true
}

// canonicalPath is the path as sent, encoded once more: so a sent %20 becomes
// %2520, as for every service but S3.
func canonicalPath(u *url.URL) string {
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return httpbinding.EscapePath(path, false)
}

// canonicalQuery covers the parameters as a handler reads them: decoded, with
// "+" for a space, whatever way they were spelled on the wire.
func canonicalQuery(raw string) (string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return "", err
	}
	var parameters [][2]string
	for name, list := range values {
		for _, value := range list {
			parameters = append(parameters, [2]string{queryEscape(name), queryEscape(value)})
		}
	}
	// By name, then by value: sorting "name=value" would put "a-b=" before "a=".
	slices.SortFunc(parameters, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	var text strings.Builder
	for i, p := range parameters {
		if i > 0 {
			text.WriteByte('&')
		}
		text.WriteString(p[0] + "=" + p[1])
	}
	return text.String(), nil
}

func queryEscape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// canonicalHeaders has one line for each signed header, repeated ones joined.
func canonicalHeaders(r *http.Request, names []string) (text string, ok bool) {
	var lines strings.Builder
	for _, name := range names {
		values := r.Header.Values(name)
		if name == "host" {
			values = []string{r.Host} // net/http keeps it out of Header
		}
		if len(values) == 0 {
			return "", false
		}
		lines.WriteString(name + ":")
		for i, value := range values {
			if i > 0 {
				lines.WriteByte(',')
			}
			lines.WriteString(strings.Join(strings.FieldsFunc(value, isBlank), " "))
		}
		lines.WriteByte('\n')
	}
	return lines.String(), true
}

func isBlank(c rune) bool { return c == ' ' || c == '\t' }

// signature signs canonical with a key that is derived from secret for s alone.
func signature(secret string, s scope, at time.Time, canonical string) string {
	text := strings.Join([]string{algorithm, at.Format(timeLayout), s.String(), hexHash([]byte(canonical))}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.date, s.region, s.service, s.terminator, text} {
		key = mac(key, part)
	}
	return hex.EncodeToString(key)
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
