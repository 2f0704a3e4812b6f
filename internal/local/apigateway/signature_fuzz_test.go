package apigateway

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Nobody without the secret gets through, and nothing panics, whatever stands
// in the request.
func FuzzVerify(f *testing.F) {
	thief := clientKey()
	thief.SecretAccessKey = "guessed"
	for _, target := range []string{good, "http://api.local/a%20b//..?flag&a=2&a=1&s=x+y"} {
		r := signed(f, "GET", target, "", thief)
		f.Add(r.Header.Get("Authorization"), r.URL.Path, r.URL.RawQuery, r.Header.Get("X-Amz-Date"))
	}
	authorization := signed(f, "GET", good, "", thief).Header.Get("Authorization")
	for _, s := range []string{"", " ", ",", "=", "Bearer abc", algorithm + " ", algorithm + " ,,",
		strings.ReplaceAll(authorization, "/", ""), strings.ReplaceAll(authorization, ";", ""),
		authorization + ", Signature=", strings.Replace(authorization, "host", "host;;host:\n", 1)} {
		f.Add(s, "/%2f", "a;b&%zz", "20260314T120000Z")
	}
	f.Fuzz(func(t *testing.T, authorization, path, query, date string) {
		r := &http.Request{
			Method: "GET",
			Host:   "api.local",
			URL:    &url.URL{Path: path, RawPath: path, RawQuery: query},
			Header: http.Header{"Authorization": {authorization}, "X-Amz-Date": {date}},
		}
		if verifier().Verify(r, nil) == nil {
			t.Fatal("accepted")
		}
	})
}
