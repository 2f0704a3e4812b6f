package apigateway

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"
)

// echo answers with the body that reached it.
func echo(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }

func TestRequire(t *testing.T) {
	server := httptest.NewServer(verifier().Require(http.HandlerFunc(echo)))
	defer server.Close()
	t.Run("signed", func(t *testing.T) {
		response, err := server.Client().Do(signed(t, "POST", server.URL+"/backend/validate?b=1&a=2", "the body", clientKey()))
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.StatusCode)
		require.Equal(t, "the body", string(body))
	})
	t.Run("unsigned", func(t *testing.T) {
		response, err := server.Client().Get(server.URL + "/backend/7d4f")
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusForbidden, response.StatusCode)
		require.Equal(t, "application/json", response.Header.Get("Content-Type"))
		require.Equal(t, "MissingAuthenticationTokenException", response.Header.Get("x-amzn-ErrorType"))
		require.JSONEq(t, `{"message": "Missing Authentication Token"}`, string(body))
	})
}

func TestRequireBoundsTheBody(t *testing.T) {
	tests := []struct {
		name    string
		body    io.Reader
		status  int
		message string
	}{
		{"at the limit, unsigned", bytes.NewReader(make([]byte, maxBody)), http.StatusForbidden, "Missing Authentication Token"},
		{"too large", bytes.NewReader(make([]byte, maxBody+1)), http.StatusRequestEntityTooLarge, "Request Too Long"},
		{"broken off", iotest.ErrReader(io.ErrUnexpectedEOF), http.StatusBadRequest, "Bad Request"},
	}
	never := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("let through") })
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			response := httptest.NewRecorder()
			verifier().Require(never).ServeHTTP(response, httptest.NewRequest("POST", "/", test.body))
			require.Equal(t, test.status, response.Code)
			require.JSONEq(t, `{"message": "`+test.message+`"}`, response.Body.String())
		})
	}
}

// A body sent in chunks has no length that could be signed.
func TestRequireAcceptsChunkedBodies(t *testing.T) {
	server := httptest.NewServer(verifier().Require(http.HandlerFunc(echo)))
	defer server.Close()
	r, err := http.NewRequest("POST", server.URL+"/", io.MultiReader(strings.NewReader("the "), strings.NewReader("body")))
	require.NoError(t, err)
	require.NoError(t, v4.NewSigner().SignHTTP(t.Context(), clientKey(), r, hexHash([]byte("the body")), "execute-api", "eu-west-1", noon))
	response, err := server.Client().Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
}

// The curl of this machine, where there is one; TestRecordedRequests holds
// everywhere.
func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Log("no curl here")
		return
	}
	v := verifier()
	v.Now = nil // curl signs with the real time
	server := httptest.NewServer(v.Require(http.HandlerFunc(echo)))
	defer server.Close()
	tests := []struct {
		name, user string
		arguments  []string
		output     string
	}{
		{"get", "local:local-secret", []string{server.URL + "/backend/7d4f"}, "200"},
		{"query", "local:local-secret", []string{server.URL + "/orders?a=1&limit=20"}, "200"},
		{"post", "local:local-secret", []string{"-H", "Content-Type: application/json", "-d", `{"total":1}`, server.URL + "/backend/validate"}, `{"total":1}200`},
		{"wrong secret", "local:other", []string{server.URL + "/backend/7d4f"}, `{"message":"` + mismatch + `"}` + "\n403"},
		{"wrong key", "other:local-secret", []string{server.URL + "/backend/7d4f"}, `{"message":"The security token included in the request is invalid."}` + "\n403"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			arguments := append([]string{"-q", "-sS", "--noproxy", "*", "-w", "%{http_code}", "--aws-sigv4", "aws:amz:eu-west-1:execute-api", "--user", test.user}, test.arguments...)
			output, err := exec.CommandContext(t.Context(), curl, arguments...).CombinedOutput()
			require.NoError(t, err, string(output))
			require.Equal(t, test.output, string(output))
		})
	}
}
