package hostile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"
)

// A forgery is a token that says to be victim's.
type forgery struct{ name, token string }

func forgeries() []forgery {
	const (
		rest    = `"iss":"https://cognito-idp.local/orders","aud":"orders-local","token_use":"id","iat":1700000000,"auth_time":1700000000,"cognito:username":"victim"`
		claims  = `{"sub":"victim","exp":4102444800,` + rest + `}`
		es256   = `{"alg":"ES256","typ":"JWT"}`
		expired = `{"sub":"victim","exp":1700003600,` + rest + `}`
	)
	edited := func(old, replacement string) string {
		return signed(es256, strings.Replace(claims, old, replacement, 1))
	}
	all := []forgery{
		{"the right claims, another key", signed(es256, claims)},
		{"expired, another key", signed(es256, expired)},
		{"another audience", edited("orders-local", "other")},
		{"many audiences", edited(`"orders-local"`, `["other","orders-local"]`)},
		{"another issuer", edited("cognito-idp.local/orders", "cognito-idp.eu-west-1.amazonaws.com/x")},
		{"an access token", edited(`"id"`, `"access"`)},
		{"never expires", edited(`"exp":4102444800,`, "")},
		{"expires at 1e400", edited("4102444800", "1e400")},
		{"expires in words", edited("4102444800", `"never"`)},
		{"not yet valid", edited(`"exp"`, `"nbf":4102444799,"exp"`)},
		{"no subject", edited(`"sub":"victim",`, "")},
		{"a subject that is no text", edited(`"victim"`, `{"sub":"victim"}`)},
		{"two subjects", edited(`"sub":"victim"`, `"sub":"mallory","sub":"victim"`)},
		{"DER for a signature", derSigned(es256, claims)},
		{"a signature of zeros", unsigned(es256, claims) + "." + encoded(string(make([]byte, 64)))},
		{"half a signature", signed(es256, claims)[:len(unsigned(es256, claims))+43]},
		{"its own key in the header", signed(`{"alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}`, claims)},
		{"a key from elsewhere", signed(`{"alg":"ES256","jku":"http://`+marker+`.example/keys.json","x5u":"http://`+marker+`.example/x.pem"}`, claims)},
		{"a key of /dev/null", signed(`{"alg":"ES256","kid":"../../../dev/null"}`, claims)},
		{"a key of SQL", signed(`{"alg":"ES256","kid":"x' UNION SELECT '`+marker+`'--"}`, claims)},
		{"critical", signed(`{"alg":"ES256","crit":["b64"],"b64":false}`, claims)},
		{"mallory's signature", "${mallory.header}." + encoded(claims) + ".${mallory.signature}"},
		{"mallory's token without algorithm", encoded(`{"alg":"none"}`) + ".${mallory.payload}."},
		{"mallory's signature without algorithm", encoded(`{"alg":"none"}`) + ".${mallory.payload}.${mallory.signature}"},
		{"mallory's payload for HS256", encoded(`{"alg":"HS256"}`) + ".${mallory.payload}.${mallory.signature}"},
		{"encrypted", encoded(`{"alg":"dir","enc":"A256GCM"}`) + "..AAAA.AAAA.AAAA"},
		{"as a JSON object", `{"payload":"` + encoded(claims) + `","protected":"` + encoded(es256) + `","signature":"AA"}`},
		{"padded", strings.ReplaceAll(unsigned(es256, claims), ".", "=.") + "=.AAAA"},
		{"a header that is no JSON", encoded(marker) + "." + encoded(claims) + ".AAAA"},
		{"a payload that is no JSON", signed(es256, marker)},
		{"a payload of null", signed(es256, "null")},
		{"a payload of a list", signed(es256, "["+claims+"]")},
		{"deep claims", signed(es256, strings.Repeat(`{"a":`, 200)+"1"+strings.Repeat("}", 200))},
	}
	for _, algorithm := range []string{"none", "None", "NONE", "nOnE", "", "ES384", "RS256", "PS256", "EdDSA", "HS384", "es256", "ES256 ", "ES256\\u0000"} {
		header := `{"alg":"` + algorithm + `","typ":"JWT"}`
		all = append(all, forgery{"alg " + algorithm + ", no signature", unsigned(header, claims) + "."}, forgery{"alg " + algorithm, signed(header, claims)})
	}
	for _, secret := range []string{"", "secret", "local", "orders-local"} {
		all = append(all, forgery{"HS256 with the key " + secret, authenticated(secret, claims)})
	}
	return append(all, forgery{"an algorithm that is no text", signed(`{"alg":["none"]}`, claims)}, forgery{"no algorithm", signed(`{}`, claims)})
}

func encoded(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func unsigned(header, claims string) string { return encoded(header) + "." + encoded(claims) }

func authenticated(secret, claims string) string {
	text := unsigned(`{"alg":"HS256","typ":"JWT"}`, claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + encoded(string(mac.Sum(nil)))
}

// der is the signature by a key that is not the service's, the same every time.
func der(text string) []byte {
	scalar := sha256.Sum256([]byte("mallory"))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar[:])
	if err != nil {
		panic(err)
	}
	hash := sha256.Sum256([]byte(text))
	signature, err := key.Sign(nil, hash[:], crypto.SHA256) // without randomness: as RFC 6979 has it
	if err != nil {
		panic(err)
	}
	return signature
}

func derSigned(header, claims string) string {
	text := unsigned(header, claims)
	return text + "." + encoded(string(der(text)))
}

func signed(header, claims string) string {
	text := unsigned(header, claims)
	var numbers struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der(text), &numbers); err != nil {
		panic(err)
	}
	raw := make([]byte, 64)
	numbers.R.FillBytes(raw[:32])
	numbers.S.FillBytes(raw[32:])
	return text + "." + encoded(string(raw))
}
