// Package token makes and checks the JSON Web Tokens by which the local
// service knows its users. They stand in for the id tokens of a Cognito user
// pool and carry the same claims.
package token

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

const (
	issuer   = "https://cognito-idp.local/orders"
	audience = "orders-local"
	use      = "id"
	lifetime = time.Hour
)

// ErrSubject says that there is no usable subject: none at all, or one that is
// not UTF-8 and so would come back from a token as another one.
var ErrSubject = errors.New("subject must be non-empty UTF-8")

var errNotIDToken = errors.New("not an id token")

// Issuer issues tokens and knows its own again. Its key lives as long as the
// Issuer, so tokens of an earlier run are refused. It is safe for concurrent
// use.
type Issuer struct {
	key    *ecdsa.PrivateKey
	now    func() time.Time
	parser *jwt.Parser
}

// NewIssuer returns an Issuer with a new key. Times are taken from now; nil is
// time.Now.
func NewIssuer(now func() time.Time) (*Issuer, error) {
	if now == nil {
		now = time.Now
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of the token issuer: %w", err)
	}
	parser := jwt.NewParser(
		// The token must not choose how it is checked.
		jwt.WithValidMethods([]string{jwt.SigningMethodES256.Alg()}),
		jwt.WithIssuer(issuer),
		jwt.WithAudience(audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(now),
	)
	return &Issuer{key: key, now: now, parser: parser}, nil
}

// Issue returns a token for the user sub that is valid for one hour. It
// returns ErrSubject for a sub that no token can name.
func (i *Issuer) Issue(sub string) (string, error) {
	if sub == "" || !utf8.ValidString(sub) {
		return "", ErrSubject
	}
	now := i.now()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"sub":              sub,
		"iss":              issuer,
		"aud":              audience,
		"token_use":        use,
		"iat":              now.Unix(),
		"exp":              now.Add(lifetime).Unix(),
		"auth_time":        now.Unix(),
		"cognito:username": sub,
	})
	signed, err := token.SignedString(i.key)
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	return signed, nil
}

// Claims returns the claims of the token in authorization, the value of an
// Authorization header, with or without "Bearer " in front. It returns an error
// unless this Issuer issued the token, unaltered, for a subject, and the token
// is valid now. Numbers are float64, as in any decoded JSON. The error never
// contains the token.
func (i *Issuer) Claims(authorization string) (map[string]any, error) {
	claims := jwt.MapClaims{}
	if _, err := i.parser.ParseWithClaims(withoutScheme(authorization), claims, i.publicKey); err != nil {
		return nil, fmt.Errorf("check the token: %w", err)
	}
	if claims["token_use"] != use {
		return nil, fmt.Errorf("check the token: %w", errNotIDToken)
	}
	if sub, _ := claims["sub"].(string); sub == "" {
		return nil, fmt.Errorf("check the token: %w", ErrSubject)
	}
	return claims, nil
}

func (i *Issuer) publicKey(*jwt.Token) (any, error) { return &i.key.PublicKey, nil }

func withoutScheme(authorization string) string {
	const scheme = "Bearer "
	if len(authorization) >= len(scheme) && strings.EqualFold(authorization[:len(scheme)], scheme) {
		authorization = authorization[len(scheme):]
	}
	return strings.TrimSpace(authorization)
}
