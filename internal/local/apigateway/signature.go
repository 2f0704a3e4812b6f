package apigateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	timeLayout = "20060102T150405Z"

	// clockSkew is how far a client's clock may be off, in both directions.
	clockSkew = 5 * time.Minute
)

// A Verifier checks AWS Signature Version 4 on the requests that a server receives, as API
// Gateway's IAM authorization does. It knows one access key and accepts it for one service in one
// region. A Verifier without an access key or without a secret accepts nothing. It is safe for
// concurrent use.
type Verifier struct {
	AccessKey string
	SecretKey string
	Region    string
	Service   string

	// Now is the clock that signing times are compared with; nil means time.Now.
	Now func() time.Time
}

// Require returns a handler that passes on to next, with their bodies unread, the requests that
// Verify accepts. It answers the others as API Gateway does: with 403, with 413 if the body is
// larger than 10 MiB, or with 400 if it cannot be read; always with {"message": ...} and the header
// x-amzn-ErrorType.
func (v Verifier) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err == nil {
			err = v.Verify(r, body)
		}
		if err != nil {
			reject(w, err)
			return
		}
		verified := r.WithContext(r.Context()) // a handler must not change r itself
		verified.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, verified)
	})
}

func reject(w http.ResponseWriter, err error) {
	status := http.StatusForbidden
	rejection, ok := errors.AsType[*SignatureError](err)
	if !ok {
		status, rejection = http.StatusBadRequest, &SignatureError{"BadRequestException", "Bad Request"}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		status, rejection = http.StatusRequestEntityTooLarge, &SignatureError{"RequestTooLargeException", "Request Too Long"}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", rejection.Type)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": rejection.Message}) // fails only if the client has gone
}

// Verify returns nil if r, as the server received it, has a valid signature of its method, path,
// query, body and the headers that its client chose to sign. The signature is in the Authorization
// header and the time in X-Amz-Date, or both are in the query of a presigned URL. Among the signed
// headers must be host and, if they are sent, x-amz-date and x-amz-security-token. For every other
// request it returns a *SignatureError.
//
// The Date header and unsigned payloads are rejected. Path and query are taken from r.URL, so
// Verify must come before anything that rewrites them.
func (v Verifier) Verify(r *http.Request, body []byte) error {
	auth, err := parseAuthorization(r)
	if err != nil {
		return err
	}
	if err := auth.requireSigned(r.Header); err != nil {
		return err
	}
	signedAt, err := v.checkScope(auth.scope, auth.date)
	if err != nil {
		return err
	}
	if v.AccessKey == "" || v.SecretKey == "" || auth.accessKey != v.AccessKey {
		return unknownKey()
	}
	if err := v.checkClock(signedAt, auth.lifetime); err != nil {
		return err
	}
	return v.checkSignature(r, body, auth, signedAt)
}

// checkScope returns the time that date, the value of X-Amz-Date, stands for.
func (v Verifier) checkScope(s scope, date string) (time.Time, error) {
	signedAt, err := time.Parse(timeLayout, date)
	// Parse alone would let fractions of a second pass.
	if err != nil || signedAt.Format(timeLayout) != date {
		return time.Time{}, incomplete("Date must be in ISO-8601 'basic format'. Got '" + date + "'. See http://en.wikipedia.org/wiki/ISO_8601")
	}
	var faults []string
	if s.region != v.Region {
		faults = append(faults, "Credential should be scoped to a valid region, not '"+s.region+"'.")
	}
	if s.service != v.Service {
		faults = append(faults, "Credential should be scoped to correct service: '"+v.Service+"'.")
	}
	if s.terminator != terminator {
		faults = append(faults, "Credential should be scoped with a valid terminator: '"+terminator+"', not '"+s.terminator+"'.")
	}
	if day := date[:len("20060102")]; s.date != day {
		faults = append(faults, fmt.Sprintf("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.", s.date, day, date))
	}
	if len(faults) > 0 {
		return time.Time{}, invalidSignature(strings.Join(faults, " "))
	}
	return signedAt, nil
}

func (v Verifier) checkClock(signedAt time.Time, lifetime time.Duration) error {
	clock := time.Now
	if v.Now != nil {
		clock = v.Now
	}
	// X-Amz-Date has no fractions of a second; neither has the comparison.
	now := clock().UTC().Truncate(time.Second)
	if signedAt.Before(now.Add(-lifetime)) {
		return expired(signedAt, now, lifetime)
	}
	if signedAt.After(now.Add(clockSkew)) {
		return notYetCurrent(signedAt, now)
	}
	return nil
}

// checkSignature signs the request again with the SDK's signer and compares.
func (v Verifier) checkSignature(r *http.Request, body []byte, auth authorization, signedAt time.Time) error {
	payload := hexHash(body)
	// The claimed hash of a body is only ever compared with the real one: UNSIGNED-PAYLOAD and the
	// streaming forms fail here.
	for _, claimed := range r.Header.Values("X-Amz-Content-Sha256") {
		if claimed != payload {
			return wrongSignature()
		}
	}
	signed, ok := auth.signedPart(r)
	if !ok {
		return wrongSignature()
	}
	key := aws.Credentials{AccessKeyID: v.AccessKey, SecretAccessKey: v.SecretKey}
	expected, err := v.sign(signed, key, payload, auth.presigned, signedAt)
	if err != nil {
		return wrongSignature()
	}
	if subtle.ConstantTimeCompare([]byte(expected), []byte(auth.signature)) != 1 {
		return wrongSignature()
	}
	return nil
}

// sign returns the signature of a request, signed in the header or in the query.
func (v Verifier) sign(r *http.Request, key aws.Credentials, payload string, presigned bool, at time.Time) (string, error) {
	ctx := context.Background()
	if !presigned {
		err := v4.NewSigner().SignHTTP(ctx, key, r, payload, v.Service, v.Region, at)
		_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
		return signature, err
	}
	query := r.URL.Query()
	query.Del("X-Amz-Signature")
	r.URL.RawQuery = query.Encode()
	keepHeaders := func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true }
	signed, _, err := v4.NewSigner().PresignHTTP(ctx, key, r, payload, v.Service, v.Region, at, keepHeaders)
	if err != nil {
		return "", err
	}
	target, err := url.Parse(signed)
	if err != nil {
		return "", err
	}
	return target.Query().Get("X-Amz-Signature"), nil
}

// signedPart returns a request of exactly what the client signed of r, without x-amz-date, which
// the signer adds. It is not ok if a signed header is missing, or if a part of the query would be
// left unsigned because it cannot be parsed.
func (a authorization) signedPart(r *http.Request) (signed *http.Request, ok bool) {
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return nil, false
	}
	target := *r.URL // the signer rewrites the query
	signed = &http.Request{Method: r.Method, URL: &target, Host: r.Host, Header: http.Header{}}
	for _, name := range a.signedHeaders {
		switch name {
		case "host", "x-amz-date":
		case "content-length":
			signed.ContentLength = r.ContentLength
		default:
			values := r.Header.Values(name)
			if len(values) == 0 {
				return nil, false
			}
			// In lower case, so that the signer's list of headers to ignore does not apply.
			signed.Header[name] = values
		}
	}
	return signed, true
}

func hexHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
