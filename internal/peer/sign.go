package peer

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

// A Signer is an http.RoundTripper that signs requests for API Gateway with SigV4, body included, and passes them on.
// It is safe for concurrent use.
type Signer struct {
	Now func() time.Time // the clock; nil means time.Now. It must not be changed after the first request.

	next        http.RoundTripper
	credentials aws.CredentialsProvider
	region      string
	signer      *v4.Signer // keeps the day's signing key
}

// Sign returns a Signer in front of next. The provider is asked for every request, and caches if that is worth it.
// Whatever sends a request again must stand before the Signer: a signature is good for five minutes only.
func Sign(next http.RoundTripper, credentials aws.CredentialsProvider, region string) *Signer {
	return &Signer{next: next, credentials: credentials, region: region, signer: v4.NewSigner()}
}

// RoundTrip sends a signed copy of the request. It errs without sending anything if there are no credentials, or the
// body cannot be read.
func (s *Signer) RoundTrip(request *http.Request) (*http.Response, error) {
	signed, err := s.sign(request)
	if err != nil {
		return nil, &signingError{err}
	}
	return s.next.RoundTrip(signed)
}

func (s *Signer) sign(request *http.Request) (*http.Request, error) {
	body, err := readBody(request)
	if err != nil {
		return nil, fmt.Errorf("read the request's body: %w", err)
	}
	credentials, err := s.credentials.Retrieve(request.Context())
	if err != nil {
		return nil, fmt.Errorf("retrieve credentials: %w", err)
	}
	signed := request.Clone(request.Context())
	setBody(signed, body)
	sent, notes := splitNotes(request.Header)
	signed.Header = sent
	hash := sha256.Sum256(body)
	err = s.signer.SignHTTP(request.Context(), credentials, signed, hex.EncodeToString(hash[:]), "execute-api", s.region, s.now())
	maps.Copy(signed.Header, notes)
	return signed, err
}

// splitNotes copies the headers in two parts: those that are sent, and those without a value, which are notes to
// http.Transport. To sign a note would be wrong, since the peer never sees it.
func splitNotes(headers http.Header) (sent, notes http.Header) {
	sent, notes = http.Header{}, http.Header{}
	for name, values := range headers {
		if len(values) == 0 {
			notes[name] = values
		} else {
			sent[name] = slices.Clone(values)
		}
	}
	return sent, notes
}

// readBody takes the whole body, since its hash goes ahead of it, and closes it as every RoundTripper must.
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

// A signingError is the error of a request that was not sent since it could not be signed.
type signingError struct{ err error }

func (e *signingError) Error() string { return "sign the request: " + e.err.Error() }
func (e *signingError) Unwrap() error { return e.err }
