package local

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"orders/internal/local/apigateway"
)

// A real neighbour takes the keys of its account only, and the stand-ins those of this machine, in one and the same order.
func TestRealNeighboursGetTheAccountsSignature(t *testing.T) {
	keys := aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "of the account", SessionToken: "session"}
	signatures := apigateway.Verifier{AccessKey: keys.AccessKeyID, SecretKey: keys.SecretAccessKey, Region: "eu-west-1", Service: "execute-api"}
	products := httptest.NewServer(signatures.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Security-Token") == keys.SessionToken {
			_, _ = io.WriteString(w, `{"message":"All products are valid"}`)
		}
	})))
	t.Cleanup(products.Close)
	for name, test := range map[string]struct {
		keys   aws.Credentials
		status int
	}{
		"with them":           {keys, http.StatusCreated},
		"without any":         {aws.Credentials{}, http.StatusServiceUnavailable},
		"with half of a pair": {aws.Credentials{AccessKeyID: keys.AccessKeyID}, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := start(t, func(s *Settings) { s.ProductsURL, s.Keys = products.URL, test.keys })
			defer closeService(t, s)
			c.signIn(t)
			status, text, err := c.do("POST", "/orders", c.get(t, "/_local/sample-order"))
			require.NoError(t, err)
			require.Equal(t, test.status, status, text)
		})
	}
}
