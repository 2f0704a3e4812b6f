package safehttp

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// The services that requests are signed for.
const (
	APIGateway = "execute-api"
	SQS        = "sqs"
)

// A Signer is an http.RoundTripper that signs requests for an AWS service with SigV4, body
// included, and passes them on. It is safe for concurrent use.
type Signer struct {
	Now func() time.Time // the clock; nil means time.Now. It must not be changed after the first request.

	next        http.RoundTripper
	service     string
	credentials aws.CredentialsProvider
	region      string
	signer      *v4.Signer // caches the day's signing key
}

// Sign returns a Signer in front of next, for a service such as [APIGateway]. The provider is asked
// for credentials for every request, and should cache them if that is worthwhile. Whatever retries
// must stand before the Signer, because a signature expires after five minutes.
func Sign(next http.RoundTripper, service string, credentials aws.CredentialsProvider, region string) *Signer {
	return &Signer{next: next, service: service, credentials: credentials, region: region, signer: v4.NewSigner()}
}

// RoundTrip sends a signed copy of the request. If there are no credentials or the body cannot be
// read, nothing is sent, and the error is a [*SigningError].
func (s *Signer) RoundTrip(request *http.Request) (*http.Response, error) {
	signed, err := s.sign(request)
	if err != nil {
		return nil, &SigningError{err}
	}
	return s.next.RoundTrip(signed)
}

func (s *Signer) sign(request *http.Request) (*http.Request, error) {
	body, err := readBody(request)
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	credentials, err := s.credentials.Retrieve(request.Context())
	if err != nil {
		return nil, fmt.Errorf("retrieve credentials: %w", err)
	}
	signed := request.WithContext(request.Context()) // a shallow copy; signing changes headers and URL
	url := *request.URL
	signed.URL = &url
	setBody(signed, body)
	sent, hints := splitHints(request.Header)
	signed.Header = sent
	hash := sha256.Sum256(body)
	err = s.signer.SignHTTP(request.Context(), credentials, signed, hex.EncodeToString(hash[:]), s.service, s.region, s.now())
	maps.Copy(signed.Header, hints)
	return signed, err
}

// splitHints returns a copy of the headers in two parts: those that are sent, and those without a
// value, which are hints for http.Transport. A hint must not be signed, because the server never
// receives it.
func splitHints(headers http.Header) (sent, hints http.Header) {
	sent, hints = http.Header{}, http.Header{}
	for name, values := range headers {
		if len(values) == 0 {
			hints[name] = values
		} else {
			sent[name] = slices.Clone(values)
		}
	}
	return sent, hints
}

// readBody reads the whole body, because the signature covers its hash, and closes it, as every
// RoundTripper must.
func readBody(request *http.Request) ([]byte, error) {
	if request.Body == nil {
		return nil, nil
	}
	defer request.Body.Close()
	return io.ReadAll(request.Body)
}

func setBody(request *http.Request, body []byte) {
	request.GetBody = func() (io.ReadCloser, error) {
		if len(body) == 0 {
			return http.NoBody, nil
		}
		return io.NopCloser(bytes.NewReader(body)), nil
	}
	request.Body, _ = request.GetBody() // cannot fail
	request.ContentLength, request.TransferEncoding = int64(len(body)), nil
}

func (s *Signer) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// A SigningError is the error of a request that was not sent because it could not be signed.
type SigningError struct{ Err error }

// Error returns a text that contains nothing of the request.
func (e *SigningError) Error() string { return "sign request: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *SigningError) Unwrap() error { return e.Err }
