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

// identities are requests without an identity that claim one, and requests by mallory that claim to
// be from victim.
func identities(good *place) []Request {
	text := good.text(nil)
	var all []Request
	read := func(name string, want Expectation, headers ...string) {
		all = append(all, Request{Name: "identity: " + name + ", to read", Method: "GET", Path: "/orders/" + victimsOrder, Headers: headers, Want: want})
	}
	create := func(name string, headers ...string) {
		all = append(all, Request{Name: "identity: " + name, Method: "POST", Path: "/orders", Headers: headers, Want: unauthorized}.with(text))
	}
	for i, line := range authorizations() {
		name := "by " + printable(line)
		if i%4 == 0 { // both use the same authorizer
			create(name, line)
		} else {
			read(name, unauthorized, line)
		}
	}
	for i, forged := range forgeries() {
		if i%2 == 0 {
			create(forged.name, "Authorization: Bearer "+forged.token)
		} else {
			read(forged.name, unauthorized, "Authorization: "+forged.token)
		}
	}
	for _, line := range identityHeaders() {
		name := "with " + printable(line)
		create(name, line)
		read(name, notFound, asMallory, line)
	}
	read("twice, the second forged", notFound, asMallory, "Authorization: Bearer "+forgeries()[0].token)
	for _, query := range []string{"Authorization=Bearer%20${mallory}", "access_token=${mallory}", "token=${mallory}", "sub=victim", "X-Amz-Signature=0&X-Amz-Credential=local", "requestContext.authorizer.claims.sub=victim"} {
		all = append(all,
			Request{Name: "identity: in the query: " + query, Method: "GET", Path: "/orders?" + query, Want: unauthorized},
			Request{Name: "identity: in the query, to create: " + query, Method: "POST", Path: "/orders?" + query, Want: unauthorized}.with(text))
	}
	all = append(all,
		Request{Name: "identity: none, to list", Method: "GET", Path: "/orders", Want: unauthorized},
		Request{Name: "identity: none, with the host in the path", Method: "GET", Path: "http://localhost/orders", Want: unauthorized},
		Request{Name: "identity: none, and over 128 KiB", Method: "POST", Path: "/orders", Want: unauthorized, Pieces: []Piece{{Text: " ", Times: 200000}}},
		Request{Name: "identity: in the body", Method: "POST", Path: "/orders", Want: unauthorized}.with(`{"userId":"victim","order":`+text+`}`))
	return all
}

func authorizations() []string {
	return []string{
		"Authorization:", "Authorization: Bearer", "Authorization: Bearer ${mallory}x", "Authorization: Bearer ${mallory}.",
		"Authorization: Bearer .${mallory}", "Authorization: Bearer ${mallory}=",
		"Authorization: Bearer Bearer ${mallory}", "Authorization: Bearer\t${mallory}", "Authorization: Basic ${mallory}",
		"Authorization: Token ${mallory}", "Authorization: ${mallory} Bearer",
		"Authorization: Bearer ${mallory}, Bearer ${mallory}", "Authorization: Bearer ${mallory},${mallory}",
		"Authorization: Bearer \"${mallory}\"", "Authorization: Bearer ${mallory.header}",
		"Authorization: Bearer ${mallory.header}.${mallory.payload}", "Authorization: Bearer ${mallory.header}.${mallory.payload}.",
		"Authorization: Bearer ${mallory.payload}.${mallory.header}.${mallory.signature}",
		"Authorization: Bearer ${mallory.header}.${mallory.payload}.${mallory.signature}.${mallory.signature}.x",
		"Authorization: Bearer ${mallory.header}. ${mallory.payload}.${mallory.signature}",
		"Authorization: Basic dmljdGltOnMzY3IzdA==", "Authorization: Digest username=\"victim\"", "Authorization: Negotiate YII=",
		"Authorization: AWS4-HMAC-SHA256 Credential=local", "Authorization: victim", "Authorization: Bearer victim",
		"Authorization: Bearer null", "Authorization: Bearer undefined", "Authorization: Bearer {}", "Authorization: Bearer ..",
		"Authorization: Bearer e30.e30.", "Authorization: Bearer bnVsbA.bnVsbA.AA", "Authorization: Bearer \xff\xfe",
		"Authorization: Bearer " + times(".", 10000), "Authorization: Bearer " + times("A", 100000),
		"Authorization: Bearer ${mallory.header}." + times("A", 60000) + ".${mallory.signature}",
		"Authorization: Bearer x\r\n" + asMallory, "Authorization:\r\n" + asMallory, "Proxy-Authorization: Bearer ${mallory}",
		"X-Authorization: Bearer ${mallory}", "X-Original-Authorization: Bearer ${mallory}",
		"Cookie: Authorization=${mallory}; id_token=${mallory}", "Authorization_: Bearer ${mallory}",
		"X-Amzn-Remapped-Authorization: Bearer ${mallory}",
	}
}

// identityHeaders are header lines with which proxies and gateways pass on an identity. The service
// ignores them.
func identityHeaders() []string {
	return []string{
		"X-Amzn-Oidc-Identity: victim", "X-Amzn-Oidc-Data: e30.eyJzdWIiOiJ2aWN0aW0ifQ.", "X-Amzn-Oidc-Accesstoken: " + marker,
		"X-Amzn-Request-Context: {\"authorizer\":{\"claims\":{\"sub\":\"victim\"}}}",
		"X-Amzn-Lambda-Context: {\"identity\":{\"userArn\":\"arn:aws:iam::000000000000:root\"}}", "X-Amzn-Apigateway-Api-Id: " + marker,
		"X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678;Self=" + marker,
		"X-Apigateway-Event: {\"requestContext\":{\"authorizer\":{\"claims\":{\"sub\":\"victim\"}}}}",
		"X-Apigateway-Context: {\"sub\":\"victim\"}", "X-Cognito-Identity-Id: victim", "X-Amz-User-Agent: victim",
		"X-Amz-Security-Token: " + marker, "X-Api-Key: " + marker, "X-Forwarded-User: victim", "X-Forwarded-Email: victim@example.com",
		"X-Forwarded-For: 127.0.0.1, 10.0.0.1", "X-Forwarded-Host: " + marker,
		"X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Prefix: /backend", "Forwarded: for=127.0.0.1;by=victim;host=" + marker,
		"X-Real-Ip: 127.0.0.1", "X-Remote-User: victim", "Remote-User: victim",
		"X-User-Id: victim", "X-Sub: victim", "X-Auth-Request-User: victim", "X-Original-Url: /backend/" + victimsOrder,
		"X-Rewrite-Url: /backend/" + victimsOrder, "X-Original-Uri: /backend/" + victimsOrder,
		"X-HTTP-Method-Override: OPTIONS", "X-HTTP-Method: HEAD", "Sub: victim", "UserId: victim", "Claims: {\"sub\":\"victim\"}",
		"Cookie: sub=victim; session=" + marker, "From: victim@example.com",
		"Origin: null", "Referer: http://127.0.0.1/_local/token?sub=victim", "Via: 1.1 " + marker, "X-Ms-Client-Principal-Id: victim",
		"Cf-Access-Authenticated-User-Email: victim", "X-Ssl-Client-Dn: CN=victim",
	}
}

// A forgery is a token that claims to be from victim.
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

// der returns the signature with a key that is not the service's, always the same.
func der(text string) []byte {
	scalar := sha256.Sum256([]byte("mallory"))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar[:])
	if err != nil {
		panic(err)
	}
	hash := sha256.Sum256([]byte(text))
	signature, err := key.Sign(nil, hash[:], crypto.SHA256) // deterministic, as in RFC 6979
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
