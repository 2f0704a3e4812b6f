package fakepeers

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// post sends body to the handler and returns the status and the members of the response.
func post(t *testing.T, h http.Handler, path, body string) (int, map[string]any) {
	t.Helper()
	return send(t, h, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
}

func send(t *testing.T, h http.Handler, r *http.Request) (int, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	var response map[string]any
	decoder := json.NewDecoder(w.Body)
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&response))
	_, err := decoder.Token()
	require.ErrorIs(t, err, io.EOF, "something follows the response")
	return w.Code, response
}

func encode(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

// peers are all handlers that take a body, with the one path each serves.
func peers() map[string]struct {
	handler http.Handler
	path    string
} {
	payment := &Payment{NewToken: func() string { return "token" }}
	payment.Preauthorize(100)
	return map[string]struct {
		handler http.Handler
		path    string
	}{
		"pricing":  {PricingHandler(), "/backend/pricing"},
		"products": {NewCatalogue().ValidateHandler(), "/backend/validate"},
		"payment":  {payment.ValidateHandler(), "/backend/validate"},
		"preauth":  {payment.PreauthHandler(), "/preauth"},
		"users":    {UsersHandler(), "/backend/validate"},
	}
}

func TestOtherRoutesAreUnknown(t *testing.T) {
	for name, peer := range peers() {
		t.Run(name, func(t *testing.T) {
			for _, request := range []*http.Request{
				httptest.NewRequest(http.MethodGet, peer.path, nil),
				httptest.NewRequest(http.MethodPut, peer.path, strings.NewReader("{}")),
				httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}")),
				httptest.NewRequest(http.MethodPost, peer.path+"/", strings.NewReader("{}")),
				httptest.NewRequest(http.MethodPost, "/"+peer.path, strings.NewReader("{}")),
			} {
				status, response := send(t, peer.handler, request)
				require.Equal(t, http.StatusForbidden, status, "%s %s", request.Method, request.URL)
				require.Equal(t, map[string]any{"message": "Missing Authentication Token"}, response)
			}
		})
	}
}

func TestInvalidBodies(t *testing.T) {
	oversize := `{"x":"` + strings.Repeat("x", maxBody) + `"}`
	for name, peer := range peers() {
		t.Run(name, func(t *testing.T) {
			for _, body := range []string{"", "{", "null", "[]", `"x"`, "1", "{}{}", "{}", `{"":0}`, oversize} {
				status, response := post(t, peer.handler, peer.path, body)
				require.Equal(t, http.StatusBadRequest, status, "%.20s", body)
				require.NotEmpty(t, response["message"], "%.20s", body)
			}
		})
	}
}

func FuzzRequests(f *testing.F) {
	for _, body := range []string{
		``, `null`, `{}`, `{"products":[],"address":{"country":"SE"}}`,
		`{"products":[{"package":{"width":1e400,"length":-1,"height":null,"weight":2147483648}}],"address":{}}`,
		`{"products":[{"productId":"x","name":1,"package":[],"price":"1"},null]}`,
		`{"products":[{"productId":"\ud800","z":1e999}]}`,
		`{"paymentToken":"token","total":100}`, `{"paymentToken":null,"total":0.5}`,
		`{"cardNumber":"1","amount":1.0}`, `{"cardNumber":["1"],"amount":1e9}`,
		`{"userId":"7fc64069-20fb-4184-bc6a-061f6d689918"}`, "{\"userId\":\"\xff\"}",
		strings.Repeat("[", 20_000),
	} {
		f.Add(body)
	}
	handlers := peers()
	f.Fuzz(func(t *testing.T, body string) {
		for name, peer := range handlers {
			status, response := post(t, peer.handler, peer.path, body)
			require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, status, name)
			require.NotEmpty(t, response, name)
		}
	})
}
