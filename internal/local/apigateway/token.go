package apigateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

const (
	tokenIssuer   = "https://cognito-idp.local/orders"
	tokenAudience = "orders-local"
	tokenUse      = "id"
	tokenLifetime = time.Hour
)

// ErrSubject is returned for a subject that is empty or not UTF-8: JSON would change the latter.
var ErrSubject = errors.New("subject must be non-empty UTF-8")

var errNotIDToken = errors.New("not an id token")

// A TokenIssuer plays a Cognito user pool: it issues ID tokens, JSON Web Tokens with the claims
// that Cognito's have, and verifies them. Its key is new for every TokenIssuer, so tokens of an
// earlier run are rejected. It is safe for concurrent use.
type TokenIssuer struct {
	key    *ecdsa.PrivateKey
	now    func() time.Time
	parser *jwt.Parser
}

// NewTokenIssuer returns a TokenIssuer with a new key. Times are taken from now; nil means
// time.Now.
func NewTokenIssuer(now func() time.Time) (*TokenIssuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate the token key: %w", err)
	}
	return newTokenIssuer(key, now), nil
}

// OpenTokenIssuer returns a TokenIssuer with the key in a file, so that tokens of an earlier run
// are valid. If there is no file, it makes one that only its owner can read.
func OpenTokenIssuer(path string, now func() time.Time) (*TokenIssuer, error) {
	encoded, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createTokenIssuer(path, now)
	}
	if err != nil {
		return nil, fmt.Errorf("read the token key: %w", err)
	}
	key, err := x509.ParseECPrivateKey(encoded)
	if err != nil {
		return nil, fmt.Errorf("read the token key in %s: %w", path, err)
	}
	return newTokenIssuer(key, now), nil
}

func createTokenIssuer(path string, now func() time.Time) (*TokenIssuer, error) {
	issuer, err := NewTokenIssuer(now)
	if err != nil {
		return nil, err
	}
	encoded, err := x509.MarshalECPrivateKey(issuer.key)
	if err != nil {
		return nil, fmt.Errorf("encode the token key: %w", err)
	}
	if err := os.WriteFile(path, encoded, 0o600); err != nil {
		return nil, fmt.Errorf("write the token key: %w", err)
	}
	return issuer, nil
}

func newTokenIssuer(key *ecdsa.PrivateKey, now func() time.Time) *TokenIssuer {
	if now == nil {
		now = time.Now
	}
	parser := jwt.NewParser(
		// The token must not choose how it is checked.
		jwt.WithValidMethods([]string{jwt.SigningMethodES256.Alg()}),
		jwt.WithIssuer(tokenIssuer),
		jwt.WithAudience(tokenAudience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(now),
	)
	return &TokenIssuer{key: key, now: now, parser: parser}
}

// Issue returns a token for the user sub that is valid for one hour, or ErrSubject.
func (i *TokenIssuer) Issue(sub string) (string, error) {
	if sub == "" || !utf8.ValidString(sub) {
		return "", ErrSubject
	}
	now := i.now()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"sub":              sub,
		"iss":              tokenIssuer,
		"aud":              tokenAudience,
		"token_use":        tokenUse,
		"iat":              now.Unix(),
		"exp":              now.Add(tokenLifetime).Unix(),
		"auth_time":        now.Unix(),
		"cognito:username": sub,
	})
	signed, err := token.SignedString(i.key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed, nil
}

// Claims returns the claims of the token in authorization, the value of an Authorization header,
// with or without the prefix "Bearer ". It returns an error unless i issued the token, the token is
// unaltered and valid now, and it names a subject. Numbers are float64, as in any decoded JSON. The
// error never contains the token.
func (i *TokenIssuer) Claims(authorization string) (map[string]any, error) {
	claims := jwt.MapClaims{}
	if _, err := i.parser.ParseWithClaims(withoutScheme(authorization), claims, i.publicKey); err != nil {
		return nil, fmt.Errorf("verify token: %w", err)
	}
	if claims["token_use"] != tokenUse {
		return nil, fmt.Errorf("verify token: %w", errNotIDToken)
	}
	if sub, _ := claims["sub"].(string); sub == "" {
		return nil, fmt.Errorf("verify token: %w", ErrSubject)
	}
	return claims, nil
}

func (i *TokenIssuer) publicKey(*jwt.Token) (any, error) { return &i.key.PublicKey, nil }

func withoutScheme(authorization string) string {
	const scheme = "Bearer "
	if len(authorization) >= len(scheme) && strings.EqualFold(authorization[:len(scheme)], scheme) {
		authorization = authorization[len(scheme):]
	}
	return strings.TrimSpace(authorization)
}
