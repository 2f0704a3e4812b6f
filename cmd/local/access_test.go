package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	s := start(t, "FULFILMENT=off")

	for _, sub := range []string{uuid.NewString(), "ada", "Ada L. <ada@example.com>", "ада", "a b&c=d/é%", strings.Repeat("x", 500)} {
		s.signIn(t, sub).requireNoOrders(t)
	}
	for _, path := range []string{"/_local/token", "/_local/token?sub=", "/_local/token?sub=%FF"} {
		require.Equal(t, http.StatusBadRequest, s.get(t, path, "").status, path)
	}
	bare := strings.TrimPrefix(s.newUser(t).authorization, "Bearer ")
	require.Equal(t, http.StatusOK, s.get(t, "/orders", bare).status)
}

// The tests of package apigateway cover tokens in full.
func TestInvalidTokens(t *testing.T) {
	t.Parallel()
	s, other := start(t, "FULFILMENT=off"), start(t, "FULFILMENT=off")
	good := s.newUser(t).authorization
	header, rest, _ := strings.Cut(strings.TrimPrefix(good, "Bearer "), ".")
	claims, signature, _ := strings.Cut(rest, ".")
	encoded := base64.RawURLEncoding.EncodeToString
	past := encoded([]byte(`{"sub":"ada","iss":"https://cognito-idp.local/orders","aud":"orders-local","token_use":"id","exp":1}`))

	for name, authorization := range map[string]string{
		"missing":             "",
		"no token":            "Bearer ",
		"garbage":             "Bearer x.y.z",
		"basic":               "Basic bG9jYWw6bG9jYWw=",
		"without a signature": "Bearer " + header + "." + claims + ".",
		"algorithm none":      "Bearer " + encoded([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + claims + ".",
		"expired":             "Bearer " + header + "." + past + "." + signature,
		"other claims":        "Bearer " + header + "." + encoded([]byte(`{"sub":"eve"}`)) + "." + signature,
		"of another run":      other.newUser(t).authorization,
	} {
		t.Run(name, func(t *testing.T) {
			for _, route := range []string{"POST /orders", "GET /orders", "GET /orders/" + uuid.NewString()} {
				method, path, _ := strings.Cut(route, " ")
				r, err := s.call(t.Context(), method, path, authorization, nil)
				require.NoError(t, err)
				require.JSONEq(t, `{"message": "Unauthorized"}`, string(r.body))
				r.requireProblem(t, http.StatusUnauthorized, "Unauthorized")
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	s := start(t, "FULFILMENT=off")
	for _, path := range []string{"/orders", "/orders/" + uuid.NewString()} {
		r, err := s.call(t.Context(), http.MethodOptions, path, "", nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusNoContent, r.status)
		require.Empty(t, r.body)
		r.requireCORS(t)
	}
}

func TestUsersSeeOnlyTheirOwnOrders(t *testing.T) {
	t.Parallel()
	s := start(t, "FULFILMENT=off")
	ada, eve := s.newUser(t), s.newUser(t)
	adas := []placed{ada.order(t), ada.order(t), ada.order(t)}
	eves := eve.order(t)

	for _, orderID := range []string{adas[0].OrderID, uuid.NewString(), "no-uuid", "%20", strings.ToUpper(eves.OrderID)} {
		eve.get(t, "/orders/"+orderID, eve.authorization).requireProblem(t, http.StatusNotFound, "Order not found")
	}

	first, nextToken := ada.list(t, "?limit=2")
	require.Equal(t, []placed{adas[2], adas[1]}, first)
	second, end := ada.list(t, "?limit=2&nextToken="+nextToken)
	require.Equal(t, adas[:1], second)
	require.Empty(t, end)

	// Ada's token is a position in Eve's own list, and so is one that Eve makes up.
	stolen, _ := eve.list(t, "?nextToken="+nextToken)
	require.Empty(t, stolen)
	position, err := json.Marshal(map[string]string{"c": "2999-01-01T00:00:00.000000Z", "o": adas[2].OrderID})
	require.NoError(t, err)
	forged, _ := eve.list(t, "?nextToken="+base64.RawURLEncoding.EncodeToString(position))
	require.Equal(t, []placed{eves}, forged)

	for _, malformed := range []string{"", "x", "%20", nextToken + "x", base64.RawURLEncoding.EncodeToString([]byte(`{"userId":"` + ada.id + `"}`))} {
		eve.get(t, "/orders?nextToken="+malformed, eve.authorization).
			requireProblem(t, http.StatusBadRequest, "Invalid nextToken", "nextToken: must be one from an earlier response")
	}
	for _, limit := range []string{"0", "101", "-1", "1.5", "x", "", "99999999999999999999"} {
		eve.get(t, "/orders?limit="+limit, eve.authorization).
			requireProblem(t, http.StatusBadRequest, "Invalid limit", "limit: must be an integer from 1 to 100")
	}
}

func TestBackendRouteRequiresSignature(t *testing.T) {
	t.Parallel()
	s := start(t, "FULFILMENT=off")
	ada := s.newUser(t)
	request := s.newRequest(t)
	o := ada.post(t, request.encode(t)).order(t, http.StatusCreated)
	path := "/backend/" + o.OrderID

	found := s.backend(t, o.OrderID)
	found.requireCORS(t)
	require.Equal(t, request["paymentToken"], found.order(t, http.StatusOK).PaymentToken)
	s.backend(t, uuid.NewString()).requireProblem(t, http.StatusNotFound, "Order not found")
	s.backend(t, "no-uuid").requireProblem(t, http.StatusNotFound, "Order not found")

	s.get(t, path, "").requireProblem(t, http.StatusForbidden, "Missing Authentication Token")
	require.Equal(t, http.StatusForbidden, s.get(t, path, ada.authorization).status)
	const mismatch = "The request signature we calculated does not match"
	for name, test := range map[string]struct {
		sign    signer
		tamper  func(r *http.Request)
		message string
	}{
		"wrong secret":  {signer{secret: "guess"}, nil, mismatch},
		"unknown key":   {signer{key: "guess"}, nil, "security token included in the request is invalid"},
		"other service": {signer{service: "s3"}, nil, "scoped to correct service"},
		"other region":  {signer{region: "us-east-1"}, nil, "scoped to a valid region"},
		"too old":       {signer{skew: -6 * time.Minute}, nil, "Signature expired"},
		"too early":     {signer{skew: 6 * time.Minute}, nil, "Signature not yet current"},
		"other order":   {signer{}, func(r *http.Request) { r.URL.Path = "/backend/" + uuid.NewString() }, mismatch},
		"added query":   {signer{}, func(r *http.Request) { r.URL.RawQuery = "x=1" }, mismatch},
		"other date": {signer{}, func(r *http.Request) {
			r.Header.Set("X-Amz-Date", time.Now().UTC().Add(-time.Minute).Format("20060102T150405Z"))
		}, ""},
		"added body": {signer{}, withBody, mismatch},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
			require.NoError(t, err)
			require.NoError(t, test.sign.sign(r))
			if test.tamper != nil {
				test.tamper(r)
			}
			rejected, err := send(r)
			require.NoError(t, err)
			require.Equal(t, http.StatusForbidden, rejected.status)
			require.Contains(t, string(rejected.body), test.message)
			require.NotContains(t, string(rejected.body), "paymentToken")
			rejected.requireCORS(t)
		})
	}
}

func withBody(r *http.Request) {
	other, _ := http.NewRequest(http.MethodGet, "/", bytes.NewReader([]byte("more")))
	r.Body, r.ContentLength = other.Body, other.ContentLength
}

// backend gets an order as other services do.
func (s *service) backend(t *testing.T, orderID string) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/backend/"+orderID, nil)
	require.NoError(t, err)
	require.NoError(t, signer{}.sign(request))
	r, err := send(request)
	require.NoError(t, err)
	return r
}

// A signer signs as the AWS SDK does. Fields that are not set have valid values.
type signer struct {
	key, secret, service, region string
	skew                         time.Duration // of its clock
}

func (s signer) sign(r *http.Request) error {
	credentials := aws.Credentials{AccessKeyID: cmp.Or(s.key, "local"), SecretAccessKey: cmp.Or(s.secret, "local")}
	empty := sha256.Sum256(nil)
	return v4.NewSigner().SignHTTP(r.Context(), credentials, r, hex.EncodeToString(empty[:]),
		cmp.Or(s.service, "execute-api"), cmp.Or(s.region, "eu-west-1"), time.Now().Add(s.skew))
}
