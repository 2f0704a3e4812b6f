// Package sigv4 checks AWS Signature Version 4 on requests that a server
// receives, as API Gateway's IAM authorisation does.
//
// The SDK's signer cannot do this by signing again and comparing: it chooses
// itself which headers it covers and leaves out query parameters that it
// cannot parse, whereas a server has to cover exactly what the client covered
// and all of what the handler will read. The tests hold both to one result.
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	timeLayout = "20060102T150405Z"

	// clockSkew is how far a client's clock may be off, in both directions.
	clockSkew = 5 * time.Minute
)

// Verifier knows one access key and checks that requests are signed with it
// for one service in one region. A Verifier without an access key or without a
// secret accepts nothing. It is safe for concurrent use.
type Verifier struct {
	AccessKey string
	SecretKey string
	Region    string
	Service   string

	// Now is the clock that signing times are held against; nil is time.Now.
	Now func() time.Time
}

// Verify returns nil if r, as the server received it, carries a valid
// signature over its method, path, query, body and the headers that its client
// chose to sign; host and x-amz-date must be among these, and so must
// x-amz-security-token when it is sent. Every other request gets a *Refusal.
//
// The signature has to stand in the Authorization header and the time in
// X-Amz-Date: presigned URLs and the Date header are refused, and so is an
// unsigned payload. Path and query are taken from r.URL, so Verify must come
// before anything that rewrites them.
func (v Verifier) Verify(r *http.Request, body []byte) error {
	auth, err := parseAuthorization(r.Header)
	if err != nil {
		return err
	}
	if err := auth.requireSigned(r.Header); err != nil {
		return err
	}
	signedAt, err := v.checkScope(auth.scope, r.Header.Get("X-Amz-Date"))
	if err != nil {
		return err
	}
	if v.AccessKey == "" || v.SecretKey == "" || auth.accessKey != v.AccessKey {
		return unknownKey()
	}
	if err := v.checkClock(signedAt); err != nil {
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

func (v Verifier) checkClock(signedAt time.Time) error {
	clock := time.Now
	if v.Now != nil {
		clock = v.Now
	}
	// X-Amz-Date has no fractions of a second; neither has the comparison.
	now := clock().UTC().Truncate(time.Second)
	if signedAt.Before(now.Add(-clockSkew)) {
		return expired(signedAt, now)
	}
	if signedAt.After(now.Add(clockSkew)) {
		return notYetCurrent(signedAt, now)
	}
	return nil
}

func (v Verifier) checkSignature(r *http.Request, body []byte, auth authorization, signedAt time.Time) error {
	payload := hexHash(body)
	// The claimed hash of a body is only ever compared with the real one:
	// UNSIGNED-PAYLOAD and the streaming forms fail here.
	for _, claimed := range r.Header.Values("X-Amz-Content-Sha256") {
		if claimed != payload {
			return wrongSignature()
		}
	}
	canonical, ok := canonicalRequest(r, auth.signedHeaders, payload)
	if !ok {
		return wrongSignature()
	}
	expected := signature(v.SecretKey, auth.scope, signedAt, canonical)
	if !hmac.Equal([]byte(expected), []byte(auth.signature)) {
		return wrongSignature()
	}
	return nil
}

func hexHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
