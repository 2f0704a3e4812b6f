package handler

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"orders/internal/strictjson"
)

// respondTagged returns a 200 with the body and its entity tag, or a 304 without a body if the
// request already has it, so that the status of an order can be polled cheaply.
func respondTagged(request proxyRequest, body any) ([]byte, error) {
	text, err := strictjson.Marshal(body)
	if err != nil {
		return nil, err
	}
	tag := entityTag(text)
	headers := map[string]string{"ETag": tag, "Cache-Control": "private, no-cache"}
	if matchesTag(request.header("If-None-Match"), tag) {
		return respondText(http.StatusNotModified, nil, headers)
	}
	return respondText(http.StatusOK, text, headers)
}

// entityTag returns a strong entity tag, which depends on the body alone.
func entityTag(body []byte) string {
	hash := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(hash[:16]) + `"`
}

// maxIfNoneMatch bounds the length of If-None-Match, in bytes. A longer one is ignored.
const maxIfNoneMatch = 8 << 10

// matchesTag reports whether an If-None-Match header (RFC 9110, section 13.1.2) names the tag, by
// weak comparison. It reports false for a header that is absent, malformed or too long.
func matchesTag(header, tag string) bool {
	header = strings.Trim(header, " \t")
	if header == "*" {
		return true
	}
	if len(header) > maxIfNoneMatch {
		return false
	}
	found := false
	for rest := header; rest != ""; {
		rest = strings.TrimLeft(rest, " \t,") // a list may have empty elements
		if rest == "" {
			break
		}
		opaque, ok := strings.CutPrefix(strings.TrimPrefix(rest, "W/"), `"`)
		end := strings.IndexByte(opaque, '"')
		if !ok || end < 0 || strings.ContainsFunc(opaque[:end], func(c rune) bool { return c <= ' ' || c == 0x7f }) {
			return false
		}
		found = found || `"`+opaque[:end+1] == tag
		rest = strings.TrimLeft(opaque[end+1:], " \t")
		if rest != "" && rest[0] != ',' {
			return false
		}
	}
	return found
}
