package fakepeers

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func preauth(t *testing.T, p *Payment, body string) (int, map[string]any) {
	t.Helper()
	return post(t, p.PreauthHandler(), "/preauth", body)
}

func paymentOK(t *testing.T, p *Payment, token string, total int64) bool {
	t.Helper()
	status, response := post(t, p.ValidateHandler(), "/backend/validate", fmt.Sprintf(`{"paymentToken":%q,"total":%d}`, token, total))
	require.Equal(t, http.StatusOK, status)
	return response["ok"].(bool)
}

func TestPaymentUpToTheAuthorizedAmount(t *testing.T) {
	var p Payment
	status, response := preauth(t, &p, `{"cardNumber":"4111","amount":100}`)
	require.Equal(t, http.StatusOK, status)
	token := response["paymentToken"].(string)
	require.NoError(t, uuid.Validate(token))

	for total, want := range map[int64]bool{0: false, 1: true, 99: true, 100: true, 101: false, 2147483647: false} {
		require.Equal(t, want, paymentOK(t, &p, token, total), total)
	}
	require.True(t, paymentOK(t, &p, token, 100), "a token can be used again")
	require.False(t, paymentOK(t, &p, uuid.NewString(), 1), "an unknown token")
	require.False(t, paymentOK(t, &p, strings.ToUpper(token)+"x", 1), "an unknown token")
}

func TestSignedTokensAreValidOnEveryInstanceWithTheKey(t *testing.T) {
	issuer, other := Payment{Key: []byte("key")}, Payment{Key: []byte("key")}
	token := issuer.Preauthorize(100)
	for total, want := range map[int64]bool{0: false, 1: true, 100: true, 101: false} {
		require.Equal(t, want, paymentOK(t, &other, token, total), total)
	}
	require.NotEqual(t, token, issuer.Preauthorize(100))
	require.False(t, paymentOK(t, &Payment{Key: []byte("another key")}, token, 1))
	for _, forged := range []string{
		".", "..", token + "0", strings.Replace(token, ".100.", ".999.", 1), token[:strings.LastIndexByte(token, '.')],
	} {
		require.False(t, paymentOK(t, &other, forged, 1), forged)
	}
}

func TestPaymentLimits(t *testing.T) {
	var p Payment
	for _, amount := range []int64{1, 2147483647} {
		_, response := preauth(t, &p, fmt.Sprintf(`{"cardNumber":"4111","amount":%d.0}`, amount))
		require.True(t, paymentOK(t, &p, response["paymentToken"].(string), amount), amount)
	}
}

func TestPreauthErrors(t *testing.T) {
	for body, want := range map[string]string{
		`{"amount":1}`:                                  "/cardNumber: is required",
		`{"cardNumber":"","amount":1}`:                  "/cardNumber: must not be empty",
		`{"cardNumber":null,"amount":1}`:                "/cardNumber: must be a string",
		`{"cardNumber":4111,"amount":1}`:                "/cardNumber: must be a string",
		`{"cardNumber":"4111"}`:                         "/amount: is required",
		`{"cardNumber":"4111","Amount":1}`:              "/amount: is required",
		`{"cardNumber":"4111","amount":0}`:              "/amount: must be at least 1",
		`{"cardNumber":"4111","amount":-1}`:             "/amount: must be at least 1",
		`{"cardNumber":"4111","amount":1.5}`:            "/amount: must be an integer",
		`{"cardNumber":"4111","amount":"1"}`:            "/amount: must be an integer",
		`{"cardNumber":"4111","amount":null}`:           "/amount: must be an integer",
		`{"cardNumber":"4111","amount":2147483648}`:     "/amount: must be at most 2147483647",
		`{"cardNumber":"4111","amount":1e99999}`:        "/amount: must be at most 2147483647",
		`{"cardNumber":"4111","amount":{"amount":"1"}}`: "/amount: must be an integer",
		`{"amount":0}`:                                  "/cardNumber: is required; /amount: must be at least 1",
	} {
		var p Payment
		status, response := preauth(t, &p, body)
		require.Equal(t, http.StatusBadRequest, status, body)
		require.Equal(t, map[string]any{"message": want}, response, body)
		require.Empty(t, p.authorized, body)
	}
}

func TestPaymentErrorsNeverContainTheToken(t *testing.T) {
	for _, body := range []string{
		`{"paymentToken":"secret"}`,
		`{"paymentToken":["secret"],"total":1}`,
		`{"paymentToken":"secret","total":"secret"}`,
		`{"paymentToken":"secret","total":-1}`,
		`{"paymentToken":"","total":1}`,
		`{"total":1}`,
		`{"paymentToken":"secret",`,
	} {
		var p Payment
		status, response := post(t, p.ValidateHandler(), "/backend/validate", body)
		require.Equal(t, http.StatusBadRequest, status, body)
		require.NotContains(t, response["message"], "secret", body)
	}
}

func TestPaymentIsSafeForConcurrentUse(t *testing.T) {
	var p Payment
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if token := p.Preauthorize(5); !p.covers(token, 5) {
				t.Error("a fresh token is unknown")
			}
		})
	}
	group.Wait()
	require.Len(t, p.authorized, 20)
}

func TestUsersAreUUIDs(t *testing.T) {
	const id = "7fc64069-20fb-4184-bc6a-061f6d689918"
	for user, want := range map[string]bool{
		id:                       true,
		strings.ToUpper(id):      true,
		uuid.Nil.String():        true,
		"alice":                  false,
		"{" + id + "}":           false,
		"urn:uuid:" + id:         false,
		id + "0":                 false,
		strings.Repeat("g", 36):  false,
		strings.Repeat("-", 36):  false,
		id[:35]:                  false,
		id[:8] + id[9:13] + "ab": false,
	} {
		status, response := post(t, UsersHandler(), "/backend/validate", fmt.Sprintf(`{"userId":%q}`, user))
		require.Equal(t, http.StatusOK, status, user)
		require.Equal(t, map[string]any{"ok": want}, response, user)
	}
	for _, body := range []string{`{"userId":null}`, `{"userId":1}`, `{"userId":""}`, `{"userid":"x"}`} {
		status, _ := post(t, UsersHandler(), "/backend/validate", body)
		require.Equal(t, http.StatusBadRequest, status, body)
	}
}
