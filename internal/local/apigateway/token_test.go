package apigateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func atNoon() time.Time { return noon }

func newIssuer(t testing.TB, now func() time.Time) *TokenIssuer {
	issuer, err := NewTokenIssuer(now)
	require.NoError(t, err)
	return issuer
}

func issue(t testing.TB, issuer *TokenIssuer, sub string) string {
	token, err := issuer.Issue(sub)
	require.NoError(t, err)
	return token
}

func TestTokensHaveTheClaimsOfCognito(t *testing.T) {
	issuer := newIssuer(t, atNoon)
	claims, err := issuer.Claims(issue(t, issuer, "user-1"))
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"sub":              "user-1",
		"iss":              "https://cognito-idp.local/orders",
		"aud":              "orders-local",
		"token_use":        "id",
		"iat":              float64(noon.Unix()),
		"exp":              float64(noon.Add(time.Hour).Unix()),
		"auth_time":        float64(noon.Unix()),
		"cognito:username": "user-1",
	}, claims)
}

func TestSchemeIsOptional(t *testing.T) {
	issuer := newIssuer(t, nil)
	token := issue(t, issuer, "user-1")
	for _, prefix := range []string{"", "Bearer ", "bearer ", "BEARER  "} {
		claims, err := issuer.Claims(prefix + token)
		require.NoError(t, err, prefix)
		require.Equal(t, "user-1", claims["sub"])
	}
}

func TestSubjectsRoundTrip(t *testing.T) {
	issuer := newIssuer(t, atNoon)
	rapid.Check(t, func(r *rapid.T) {
		sub := rapid.StringN(1, -1, 64).Draw(r, "sub")
		claims, err := issuer.Claims(issue(t, issuer, sub))
		require.NoError(t, err)
		require.Equal(t, sub, claims["sub"])
	})
}

func TestInvalidSubjects(t *testing.T) {
	issuer := newIssuer(t, atNoon)
	for _, sub := range []string{"", "\xff"} {
		_, err := issuer.Issue(sub)
		require.ErrorIs(t, err, ErrSubject)
	}
}

func TestLifetime(t *testing.T) {
	now := noon
	issuer := newIssuer(t, func() time.Time { return now })
	token := issue(t, issuer, "user-1")
	tests := []struct {
		name string
		at   time.Time
		err  error
	}{
		{"at once", noon, nil},
		{"last second", noon.Add(time.Hour - time.Second), nil},
		{"one hour", noon.Add(time.Hour), jwt.ErrTokenExpired},
		{"clock put back", noon.Add(-time.Second), jwt.ErrTokenUsedBeforeIssued},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			now = test.at
			_, err := issuer.Claims(token)
			require.ErrorIs(t, err, test.err)
		})
	}
}

// signedWith is a token with the claims of a good one, changed by change.
func signedWith(t *testing.T, method jwt.SigningMethod, key any, change jwt.MapClaims) string {
	claims := jwt.MapClaims{
		"sub": "user-1", "iss": tokenIssuer, "aud": tokenAudience, "token_use": tokenUse,
		"iat": noon.Unix(), "exp": noon.Add(tokenLifetime).Unix(),
	}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	signed, err := jwt.NewWithClaims(method, claims).SignedString(key)
	require.NoError(t, err)
	return signed
}

func TestInvalidClaims(t *testing.T) {
	issuer := newIssuer(t, atNoon)
	tests := []struct {
		name   string
		change jwt.MapClaims
		err    error // nil: accepted
	}{
		{"none changed", nil, nil},
		{"no subject", jwt.MapClaims{"sub": nil}, ErrSubject},
		{"empty subject", jwt.MapClaims{"sub": ""}, ErrSubject},
		{"subject is a number", jwt.MapClaims{"sub": 1}, ErrSubject},
		{"no expiry", jwt.MapClaims{"exp": nil}, jwt.ErrTokenRequiredClaimMissing},
		{"expired", jwt.MapClaims{"exp": noon.Unix()}, jwt.ErrTokenExpired},
		{"not yet valid", jwt.MapClaims{"nbf": noon.Add(time.Second).Unix()}, jwt.ErrTokenNotValidYet},
		{"another issuer", jwt.MapClaims{"iss": "https://example.com"}, jwt.ErrTokenInvalidIssuer},
		{"another audience", jwt.MapClaims{"aud": "other"}, jwt.ErrTokenInvalidAudience},
		{"access token", jwt.MapClaims{"token_use": "access"}, errNotIDToken},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := issuer.Claims(signedWith(t, jwt.SigningMethodES256, issuer.key, test.change))
			require.ErrorIs(t, err, test.err)
		})
	}
}

func TestForgedTokens(t *testing.T) {
	issuer := newIssuer(t, atNoon)
	strange, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	public, err := x509.MarshalPKIXPublicKey(&issuer.key.PublicKey)
	require.NoError(t, err)
	parts := strings.Split(issue(t, issuer, "user-1"), ".")
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"user-2","iss":"https://cognito-idp.local/orders","aud":"orders-local","token_use":"id","iat":1773489600,"exp":1773493200}`))
	none := signedWith(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil)

	tests := []struct {
		name, authorization string
		err                 error
	}{
		{"none at all", "", jwt.ErrTokenMalformed},
		{"scheme alone", "Bearer ", jwt.ErrTokenMalformed},
		{"scheme twice", "Bearer Bearer " + strings.Join(parts, "."), jwt.ErrTokenMalformed},
		{"another scheme", "Basic " + strings.Join(parts, "."), jwt.ErrTokenMalformed},
		{"not a token", "Bearer abc", jwt.ErrTokenMalformed},
		{"four parts", strings.Join(parts, ".") + ".", jwt.ErrTokenMalformed},
		{"alg none", none, jwt.ErrTokenSignatureInvalid},
		{"alg none with a signature", none + parts[2], jwt.ErrTokenSignatureInvalid},
		{"another issuer's key", issue(t, newIssuer(t, atNoon), "user-1"), jwt.ErrTokenSignatureInvalid},
		{"another curve", signedWith(t, jwt.SigningMethodES384, strange, nil), jwt.ErrTokenSignatureInvalid},
		{"public key as a shared secret", signedWith(t, jwt.SigningMethodHS256, public, nil), jwt.ErrTokenSignatureInvalid},
		{"payload changed", parts[0] + "." + payload + "." + parts[2], jwt.ErrTokenSignatureInvalid},
		{"no signature", parts[0] + "." + parts[1] + ".", jwt.ErrTokenSignatureInvalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			claims, err := issuer.Claims(test.authorization)
			require.ErrorIs(t, err, test.err)
			require.Nil(t, claims)
			require.NotContains(t, err.Error(), parts[1])
		})
	}
}

// No string is a token but what the issuer issued itself.
func FuzzClaims(f *testing.F) {
	issuer := newIssuer(f, atNoon)
	other := issue(f, newIssuer(f, atNoon), "user-1")
	f.Add(other)
	f.Add("Bearer " + other)
	f.Add("bearer")
	f.Add("..")
	f.Add("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyLTEifQ.")
	f.Fuzz(func(t *testing.T, authorization string) {
		if claims, err := issuer.Claims(authorization); err == nil || claims != nil {
			t.Fatal("accepted")
		}
	})
}

func TestTokensOfAnEarlierRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	first, err := OpenTokenIssuer(path, atNoon)
	require.NoError(t, err)
	second, err := OpenTokenIssuer(path, atNoon)
	require.NoError(t, err)
	claims, err := second.Claims(issue(t, first, "user-1"))
	require.NoError(t, err)
	require.Equal(t, "user-1", claims["sub"])
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	require.NoError(t, os.WriteFile(path, []byte("not a key"), 0o600))
	_, err = OpenTokenIssuer(path, atNoon)
	require.ErrorContains(t, err, path)
	_, err = OpenTokenIssuer(filepath.Join(path, "x"), atNoon)
	require.Error(t, err)
}
