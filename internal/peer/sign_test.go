package peer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"
)

// verify signs what a server received once more, with the headers that were signed, and compares.
func verify(r *http.Request, keys aws.Credentials) error {
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
	keys.SessionToken = "" // the one received is signed as any header
	hash := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(context.Background(), keys, again, hex.EncodeToString(hash[:]), "execute-api", region, date); err != nil {
		return err
	}
	if got, want := r.Header.Get("Authorization"), again.Header.Get("Authorization"); got != want {
		return fmt.Errorf("signature %q, want %q", got, want)
	}
	return nil
}

func TestThePeerFindsTheSignatureRight(t *testing.T) {
	for _, s := range subjects() {
		var verified error
		var sent http.Header
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			verified, sent = verify(r, keys), r.Header
			answering(200, s.yes)(w, r)
		})
		require.NoError(t, s.make(server.URL+"/a stage", callsFor(t, patience)).Check(t.Context(), anOrder()))
		require.NoError(t, verified)
		require.Equal(t, keys.SessionToken, sent.Get("X-Amz-Security-Token"))
		require.Contains(t, sent.Get("Authorization"), "/"+region+"/execute-api/aws4_request")
		require.Regexp(t, "SignedHeaders=content-length;content-type;host;x-amz-date;x-amz-security-token,", sent.Get("Authorization"))
	}
}

func TestVerifyWouldNoticeAnythingElse(t *testing.T) {
	changes := map[string]func(*http.Request){
		"body":   func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("other")); r.ContentLength = 5 },
		"path":   func(r *http.Request) { r.URL.Path = "/other" },
		"header": func(r *http.Request) { r.Header.Set("Content-Type", "text/html") },
		"date":   func(r *http.Request) { r.Header.Set("X-Amz-Date", "20200101T000000Z") },
		"token":  func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "other") },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			var verified error
			server := serve(t, func(_ http.ResponseWriter, r *http.Request) { verified = verify(r, keys) })
			transport := NewTransport()
			t.Cleanup(transport.CloseIdleConnections)
			meddling := transportFunc(func(r *http.Request) (*http.Response, error) {
				change(r)
				return transport.RoundTrip(r)
			})
			calls := Calls{Transport: Sign(meddling, staticKeys(keys), region)}
			_ = NewPayment(server.URL, calls).Check(t.Context(), anOrder())
			require.ErrorContains(t, verified, "signature")
		})
	}
}

func TestSigningLeavesTheCallersRequestAsItWas(t *testing.T) {
	request, err := http.NewRequest(http.MethodPost, "http://peer.example/path?b=2&a=1", strings.NewReader("body"))
	require.NoError(t, err)
	request.Header["Idempotency-Key"] = nil
	request.Header.Set("X-Amz-Date", "the caller's")
	headers, url := request.Header.Clone(), request.URL.String()

	var sent *http.Request
	signer := Sign(transportFunc(func(r *http.Request) (*http.Response, error) {
		sent = r
		return canned(200, "")(r)
	}), staticKeys(keys), region)
	signer.Now = func() time.Time { return time.Date(2026, 1, 23, 10, 53, 49, 0, time.FixedZone("", 3600)) }
	_, err = signer.RoundTrip(request)
	require.NoError(t, err)

	require.Equal(t, headers, request.Header)
	require.Equal(t, url, request.URL.String())
	require.Equal(t, "20260123T095349Z", sent.Header.Get("X-Amz-Date"))
	require.Contains(t, sent.Header, "Idempotency-Key")
	require.NotContains(t, sent.Header.Get("Authorization"), "idempotency-key")
}

func TestBodiesOfAllKindsAreSignedAsSent(t *testing.T) {
	bodies := map[string]func() (io.Reader, string){
		"rewindable": func() (io.Reader, string) { return strings.NewReader("text"), "text" },
		"a stream": func() (io.Reader, string) {
			return io.MultiReader(strings.NewReader("te"), strings.NewReader("xt")), "text"
		},
		"empty stream": func() (io.Reader, string) { return io.MultiReader(), "" },
		"none":         func() (io.Reader, string) { return nil, "" },
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			var verified error
			var got []byte
			server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				got, _ = io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(got))
				verified = verify(r, keys)
			})
			reader, want := body()
			request, err := http.NewRequest(http.MethodPost, server.URL, reader)
			require.NoError(t, err)
			response, err := callsFor(t, 0).Transport.RoundTrip(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.NoError(t, verified)
			require.Equal(t, want, string(got))
		})
	}
}

type faultyBody struct{ closed bool }

func (*faultyBody) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }
func (b *faultyBody) Close() error           { b.closed = true; return nil }

func TestNothingIsSentUnsigned(t *testing.T) {
	never := transportFunc(func(*http.Request) (*http.Response, error) { panic("sent") })

	t.Run("no credentials", func(t *testing.T) {
		absent := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("variables are not set")
		})
		for _, s := range subjects() {
			err := s.make("http://peer.example", Calls{Transport: Sign(never, absent, region)}).Check(t.Context(), anOrder())
			requireUnchecked(t, err, s)
			require.ErrorContains(t, err, "variables are not set")
		}
	})
	t.Run("unreadable body", func(t *testing.T) {
		body := new(faultyBody)
		request, err := http.NewRequest(http.MethodPost, "http://peer.example", body)
		require.NoError(t, err)
		_, err = Sign(never, staticKeys(keys), region).RoundTrip(request)
		require.ErrorContains(t, err, "disk on fire")
		require.True(t, body.closed)
	})
}
