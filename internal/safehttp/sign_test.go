package safehttp_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"

	"orders/internal/safehttp"
)

const region = "eu-west-1"

var keys = aws.Credentials{
	AccessKeyID:     "AKIDEXAMPLEKEY",
	SecretAccessKey: "secret-access-key-example",
	SessionToken:    "session-token-example",
}

func staticKeys(context.Context) (aws.Credentials, error) { return keys, nil }

// A transportFunc is a transport without a network.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func respondOK(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

// verify signs what a server received again, with the headers that were signed, and compares the
// signatures.
func verify(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	date, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return err
	}
	again, err := http.NewRequest(r.Method, "http://"+r.Host+r.RequestURI, bytes.NewReader(body))
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	names, _, _ := strings.Cut(rest, ",")
	for name := range strings.SplitSeq(names, ";") {
		if name != "host" && name != "content-length" {
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	unsigned := keys
	unsigned.SessionToken = "" // the header that was received is signed like any other
	hash := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(r.Context(), unsigned, again, hex.EncodeToString(hash[:]), "execute-api", region, date); err != nil {
		return err
	}
	if got, want := r.Header.Get("Authorization"), again.Header.Get("Authorization"); got != want {
		return fmt.Errorf("signature %q, want %q", got, want)
	}
	return nil
}

// sendSigned sends a request to a server through a Signer, and returns what the server received and
// whether its signature was right. The request passes through change after it was signed.
func sendSigned(t *testing.T, path string, body io.Reader, change func(*http.Request)) (received *http.Request, text string, verified error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(content))
		received, text, verified = r, string(content), verify(r)
	}))
	defer server.Close()
	transport := safehttp.NewTransport()
	defer transport.CloseIdleConnections()
	signer := safehttp.Sign(transportFunc(func(r *http.Request) (*http.Response, error) {
		change(r)
		return transport.RoundTrip(r)
	}), safehttp.APIGateway, aws.CredentialsProviderFunc(staticKeys), region)

	request, err := http.NewRequest(http.MethodPost, server.URL+path, body)
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := signer.RoundTrip(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return received, text, verified
}

func TestSignedRequestsAreAccepted(t *testing.T) {
	bodies := map[string]func() (io.Reader, string){
		"rewindable": func() (io.Reader, string) { return strings.NewReader(`{"a":"<&>"}`), `{"a":"<&>"}` },
		"a stream": func() (io.Reader, string) {
			return io.MultiReader(strings.NewReader("te"), strings.NewReader("xt")), "text"
		},
		"empty stream": func() (io.Reader, string) { return io.MultiReader(), "" },
		"none":         func() (io.Reader, string) { return nil, "" },
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			reader, want := body()
			received, text, verified := sendSigned(t, "/a stage/validate?b=2&a=1", reader, func(*http.Request) {})
			require.NoError(t, verified)
			require.Equal(t, want, text)
			require.Equal(t, keys.SessionToken, received.Header.Get("X-Amz-Security-Token"))
			require.Contains(t, received.Header.Get("Authorization"), "/"+region+"/execute-api/aws4_request")
			if want != "" {
				require.Regexp(t, "SignedHeaders=content-length;content-type;host;x-amz-date;x-amz-security-token,", received.Header.Get("Authorization"))
			}
		})
	}
}

// What the other tests conclude from verify holds only because it notices every change.
func TestVerifyNoticesEveryChange(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"body":   func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("other")); r.ContentLength = 5 },
		"path":   func(r *http.Request) { r.URL.Path = "/other" },
		"header": func(r *http.Request) { r.Header.Set("Content-Type", "text/html") },
		"date":   func(r *http.Request) { r.Header.Set("X-Amz-Date", "20200101T000000Z") },
		"token":  func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "other") },
	} {
		t.Run(name, func(t *testing.T) {
			_, _, verified := sendSigned(t, "/validate", strings.NewReader("text"), change)
			require.ErrorContains(t, verified, "signature")
		})
	}
}

func TestSigningDoesNotChangeTheCallersRequest(t *testing.T) {
	request, err := http.NewRequest(http.MethodPost, "http://peer.example/path?b=2&a=1", strings.NewReader("body"))
	require.NoError(t, err)
	request.Header["Idempotency-Key"] = nil
	request.Header.Set("X-Amz-Date", "the caller's")
	headers, url := request.Header.Clone(), request.URL.String()

	var sent *http.Request
	signer := safehttp.Sign(transportFunc(func(r *http.Request) (*http.Response, error) {
		sent = r
		return respondOK(r)
	}), safehttp.APIGateway, aws.CredentialsProviderFunc(staticKeys), region)
	signer.Now = func() time.Time { return time.Date(2026, 1, 23, 10, 53, 49, 0, time.FixedZone("", 3600)) }
	_, err = signer.RoundTrip(request)
	require.NoError(t, err)

	require.Equal(t, headers, request.Header)
	require.Equal(t, url, request.URL.String())
	require.Equal(t, "20260123T095349Z", sent.Header.Get("X-Amz-Date"))
	require.Contains(t, sent.Header, "Idempotency-Key", "a hint for http.Transport")
	require.NotContains(t, sent.Header.Get("Authorization"), "idempotency-key")
}

type faultyBody struct{ closed bool }

func (*faultyBody) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }
func (b *faultyBody) Close() error           { b.closed = true; return nil }

func TestNothingIsSentUnsigned(t *testing.T) {
	never := transportFunc(func(*http.Request) (*http.Response, error) { panic("sent") })
	send := func(t *testing.T, credentials aws.CredentialsProviderFunc, body io.Reader) error {
		request, err := http.NewRequest(http.MethodPost, "http://peer.example", body)
		require.NoError(t, err)
		_, err = safehttp.Sign(never, safehttp.APIGateway, credentials, region).RoundTrip(request)
		require.ErrorAs(t, err, new(*safehttp.SigningError))
		return err
	}
	t.Run("no credentials", func(t *testing.T) {
		err := send(t, func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("variables are not set")
		}, strings.NewReader("text"))
		require.EqualError(t, safehttp.Redact(err), "sign request: retrieve credentials: variables are not set")
	})
	t.Run("unreadable body", func(t *testing.T) {
		body := new(faultyBody)
		require.EqualError(t, send(t, staticKeys, body), "sign request: read body: disk on fire")
		require.True(t, body.closed)
	})
}
