package apigateway

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"
)

const (
	mismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
	good     = "http://api.local/backend/7d4f?limit=20"
)

func requireSignatureError(t testing.TB, err error, kind, message string) {
	t.Helper()
	var rejection *SignatureError
	require.ErrorAs(t, err, &rejection)
	require.Equal(t, kind, rejection.Type)
	require.Contains(t, rejection.Message, message)
}

// edit changes the Authorization header of a request.
func edit(old, replacement string) func(*http.Request) {
	return func(r *http.Request) {
		text := r.Header.Get("Authorization")
		edited := strings.Replace(text, old, replacement, 1)
		r.Header.Set("Authorization", edited)
	}
}

func set(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func TestAlteredRequests(t *testing.T) {
	const invalid, incomplete = "InvalidSignatureException", "IncompleteSignatureException"
	tests := []struct {
		name          string
		alter         func(*http.Request)
		kind, message string
	}{
		{"method", func(r *http.Request) { r.Method = "PUT" }, invalid, mismatch},
		{"path", func(r *http.Request) { r.URL.Path += "/" }, invalid, mismatch},
		{"encoding of the path", func(r *http.Request) { r.URL.RawPath = "/backend%2F7d4f" }, invalid, mismatch},
		{"query value", func(r *http.Request) { r.URL.RawQuery = "limit=21" }, invalid, mismatch},
		{"query parameter more", func(r *http.Request) { r.URL.RawQuery += "&all" }, invalid, mismatch},
		{"query parameter that cannot be read", func(r *http.Request) { r.URL.RawQuery += "&a;b=1" }, invalid, mismatch},
		{"query without parameters", func(r *http.Request) { r.URL.RawQuery = "" }, invalid, mismatch},
		{"host", func(r *http.Request) { r.Host = "other.local" }, invalid, mismatch},
		{"signed header", set("Content-Type", "text/plain"), invalid, mismatch},
		{"signed header repeated", func(r *http.Request) { r.Header.Add("Content-Type", "text/plain") }, invalid, mismatch},
		{"signed header removed", func(r *http.Request) { r.Header.Del("Content-Type") }, invalid, mismatch},
		{"time within the day", set("X-Amz-Date", "20260314T120100Z"), invalid, mismatch},
		{"signature", edit("Signature=", "Signature=0"), invalid, mismatch},
		{"signed headers out of order", edit("content-length;content-type", "content-type;content-length"), invalid, mismatch},
		{"signed headers in upper case", edit(";host", ";Host"), invalid, mismatch},
		{"signed header that is not there", edit(";x-amz-date", ";x-amz-date;x-amz-trace"), invalid, mismatch},
		{"no signed headers left but these", edit("content-length;content-type;", ""), invalid, mismatch},

		{"host not signed", edit("host;", ""), invalid, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
		{"time not signed", edit(";x-amz-date", ""), invalid, "'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization."},
		{"session token not signed", set("X-Amz-Security-Token", "token"), invalid, "'X-Amz-Security-Token' must be a 'SignedHeader' in the AWS Authorization."},

		{"region", edit("eu-west-1", "us-east-1"), invalid, "Credential should be scoped to a valid region, not 'us-east-1'."},
		{"service", edit("execute-api", "lambda"), invalid, "Credential should be scoped to correct service: 'execute-api'."},
		{"terminator", edit("aws4_request", "aws5_request"), invalid, "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."},
		{"date of the scope", edit("20260314", "20260313"), invalid, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260313' != '20260314', from '20260314T120000Z'."},
		{"region and service", edit("eu-west-1/execute-api", "a/b"), invalid, "not 'a'. Credential should be scoped to correct service"},
		{"access key", edit("Credential=local", "Credential=other"), "UnrecognizedClientException", "The security token included in the request is invalid."},

		{"no time", func(r *http.Request) { r.Header.Del("X-Amz-Date") }, incomplete, "Authorization header requires existence of one 'X-Amz-Date' header."},
		{"Date alone", func(r *http.Request) {
			r.Header.Del("X-Amz-Date")
			r.Header.Set("Date", noon.Format(http.TimeFormat))
		}, incomplete, "'X-Amz-Date'"},
		{"two times", func(r *http.Request) { r.Header.Add("X-Amz-Date", "20260314T120000Z") }, incomplete, "'X-Amz-Date'"},
		{"time in another format", set("X-Amz-Date", noon.Format(time.RFC3339)), incomplete, "Date must be in ISO-8601 'basic format'. Got '2026-03-14T12:00:00Z'."},
		{"time with a fraction", set("X-Amz-Date", "20260314T120000.5Z"), incomplete, "Date must be in ISO-8601 'basic format'."},

		{"no authorization", func(r *http.Request) { r.Header.Del("Authorization") }, "MissingAuthenticationTokenException", "Missing Authentication Token"},
		{"empty authorization", set("Authorization", ""), "MissingAuthenticationTokenException", "Missing Authentication Token"},
		{"two authorizations", func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }, incomplete, "'AWS4-HMAC-SHA256', once."},
		{"bearer token", set("Authorization", "Bearer abc"), incomplete, "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '" + hashed("abc") + "'."},
		{"one word", set("Authorization", "AWS4-HMAC-SHA256"), incomplete, "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. (Hashed with SHA-256 and encoded with Base64) Authorization=" + hashed("AWS4-HMAC-SHA256")},
		{"no signature", edit(", Signature=", ", Sig="), incomplete, "Authorization header requires 'Signature' parameter."},
		{"two signatures", edit("Credential=", "Signature=00, Credential="), incomplete, "Repeated key"},
		{"another algorithm", edit("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), incomplete, "'AWS4-HMAC-SHA256', once."},
		{"credential of four parts", edit("/aws4_request", ""), incomplete, "Credential must have exactly 5 slash-delimited elements"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, body := received(t, signed(t, "POST", good, "body", clientKey()))
			require.NoError(t, verifier().Verify(r, body))
			before := r.Clone(t.Context())
			test.alter(r)
			require.NotEqual(t, before, r, "the alteration altered nothing")
			requireSignatureError(t, verifier().Verify(r, body), test.kind, test.message)
		})
	}
}

func TestAlteredBody(t *testing.T) {
	r, body := received(t, signed(t, "POST", good, "body", clientKey()))
	for _, altered := range [][]byte{nil, []byte("Body"), append(slices.Clone(body), '\n')} {
		requireSignatureError(t, verifier().Verify(r, altered), "InvalidSignatureException", mismatch)
	}
}

func TestSecretMustMatch(t *testing.T) {
	r, body := received(t, signed(t, "GET", good, "", clientKey()))
	other := verifier()
	other.SecretKey = "other"
	requireSignatureError(t, other.Verify(r, body), "InvalidSignatureException", mismatch)
}

// A verifier that was not set up must not accept the empty key.
func TestEmptyKeyIsNeverAccepted(t *testing.T) {
	for _, access := range []string{"", "local"} {
		creds := clientKey()
		creds.AccessKeyID, creds.SecretAccessKey = access, ""
		r, body := received(t, signed(t, "GET", good, "", creds))
		v := verifier()
		v.AccessKey, v.SecretKey = access, ""
		requireSignatureError(t, v.Verify(r, body), "UnrecognizedClientException", "The security token included in the request is invalid.")
	}
}

func TestClock(t *testing.T) {
	r, body := received(t, signed(t, "GET", good, "", clientKey()))
	tests := []struct {
		late    time.Duration // of the server, after the client
		message string        // empty: accepted
	}{
		{0, ""},
		{5 * time.Minute, ""},
		{5*time.Minute + 999*time.Millisecond, ""},
		{6 * time.Minute, "Signature expired: 20260314T120000Z is now earlier than 20260314T120100Z (20260314T120600Z - 5 min.)"},
		{-5 * time.Minute, ""},
		{-6 * time.Minute, "Signature not yet current: 20260314T120000Z is still later than 20260314T115900Z (20260314T115400Z + 5 min.)"},
		{24 * time.Hour, "Signature expired: "},
	}
	for _, test := range tests {
		t.Run(test.late.String(), func(t *testing.T) {
			v := verifier()
			// A server's clock may be in any zone.
			v.Now = func() time.Time { return noon.Add(test.late).In(time.FixedZone("", 5400)) }
			err := v.Verify(r, body)
			if test.message == "" {
				require.NoError(t, err)
				return
			}
			requireSignatureError(t, err, "InvalidSignatureException", test.message)
		})
	}
}

// presigned returns a request for a presigned URL. The query may have X-Amz-Expires.
func presigned(t testing.TB, target string, key aws.Credentials) *http.Request {
	t.Helper()
	r, err := http.NewRequest("GET", target, nil)
	require.NoError(t, err)
	signed, _, err := v4.NewSigner().PresignHTTP(t.Context(), key, r, hexHash(nil), "execute-api", "eu-west-1", noon)
	require.NoError(t, err)
	r.URL, err = url.Parse(signed)
	require.NoError(t, err)
	return r
}

func TestPresignedURL(t *testing.T) {
	session := clientKey()
	session.SessionToken = "session/token+of=the//caller"
	for _, r := range []*http.Request{
		presigned(t, good, clientKey()),
		presigned(t, good+"&X-Amz-Expires=60", clientKey()),
		presigned(t, good+"&s=x+y%20z&a=2&a=1", session),
	} {
		received, body := received(t, r)
		require.NoError(t, verifier().Verify(received, body), r.URL.RawQuery)
		require.Error(t, verifier().Verify(received, []byte("body")))
	}
}

func TestLifetimeOfPresignedURLs(t *testing.T) {
	for expires, valid := range map[string]time.Duration{"": 5 * time.Minute, "&X-Amz-Expires=1": time.Second, "&X-Amz-Expires=3600": time.Hour} {
		r, body := received(t, presigned(t, good+expires, clientKey()))
		v := verifier()
		v.Now = func() time.Time { return noon.Add(valid) }
		require.NoError(t, v.Verify(r, body), expires)
		v.Now = func() time.Time { return noon.Add(valid + time.Second) }
		requireSignatureError(t, v.Verify(r, body), "InvalidSignatureException", "Signature expired: ")
	}
}

func TestAlteredPresignedURLs(t *testing.T) {
	const invalid, incomplete = "InvalidSignatureException", "IncompleteSignatureException"
	for name, test := range map[string]struct{ old, replacement, kind, message string }{
		"path":               {"/backend/7d4f", "/backend/7d4e", invalid, mismatch},
		"query":              {"limit=20", "limit=21", invalid, mismatch},
		"added parameter":    {"limit=20", "limit=20&all=1", invalid, mismatch},
		"lifetime":           {"X-Amz-Expires=60", "X-Amz-Expires=61", invalid, mismatch},
		"signature":          {"X-Amz-Signature=", "X-Amz-Signature=0", invalid, mismatch},
		"time":               {"T120000Z", "T120001Z", invalid, mismatch},
		"region":             {"eu-west-1", "us-east-1", invalid, "Credential should be scoped to a valid region"},
		"access key":         {"Credential=local", "Credential=other", "UnrecognizedClientException", "security token"},
		"host not signed":    {"SignedHeaders=host", "SignedHeaders=accept", invalid, "'Host' or ':authority' must be a 'SignedHeader'"},
		"no signature":       {"X-Amz-Signature=", "Signature=", incomplete, "must include 'X-Amz-Signature'"},
		"no algorithm":       {"X-Amz-Algorithm=", "Algorithm=", incomplete, "must include 'X-Amz-Algorithm'"},
		"two dates":          {"limit=20", "X-Amz-Date=20260314T120000Z", incomplete, "must include 'X-Amz-Date', once"},
		"another algorithm":  {"HMAC-SHA256", "HMAC-SHA1", incomplete, "X-Amz-Algorithm only supports"},
		"lifetime 0":         {"X-Amz-Expires=60", "X-Amz-Expires=0", incomplete, "X-Amz-Expires must be a number of seconds from 1 to 604800"},
		"lifetime of a year": {"X-Amz-Expires=60", "X-Amz-Expires=31536000", incomplete, "X-Amz-Expires must be"},
		"lifetime x":         {"X-Amz-Expires=60", "X-Amz-Expires=x", incomplete, "X-Amz-Expires must be"},
	} {
		t.Run(name, func(t *testing.T) {
			r, body := received(t, presigned(t, good+"&X-Amz-Expires=60", clientKey()))
			target := strings.Replace(r.URL.String(), test.old, test.replacement, 1)
			require.NotEqual(t, r.URL.String(), target)
			var err error
			r.URL, err = url.Parse(target)
			require.NoError(t, err)
			requireSignatureError(t, verifier().Verify(r, body), test.kind, test.message)
		})
	}
}

// What stands in Authorization by mistake is often a secret.
func TestSignatureErrorsDoNotRepeatTheAuthorization(t *testing.T) {
	for _, authorization := range []string{"s3cret", "Basic s3cret", "Basic s3cret==", "AWS4-HMAC-SHA256 s3cret", "s3cret a=b, Credential=c, Signature=d, SignedHeaders=e", "AWS4-HMAC-SHA256 Credential=s3cret/x, Signature=d, SignedHeaders=e"} {
		r, body := received(t, signed(t, "GET", good, "", clientKey()))
		r.Header.Set("Authorization", authorization)
		err := verifier().Verify(r, body)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "s3cret")
	}
}
