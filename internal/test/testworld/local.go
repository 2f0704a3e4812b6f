package testworld

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"

	"orders/internal/local"
)

// Region is the region of a local service.
const Region = "eu-west-1"

// StartLocal starts a local service on a free port and returns its URL and its log. It ends with
// the test; if the test failed, its log is shown.
func StartLocal(t testing.TB, settings local.Settings) (url string, log *Buffer) {
	t.Helper()
	settings.Region = Region
	log = &Buffer{}
	service, err := local.Start(t.Context(), settings, log)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, service.Close(ctx))
		if t.Failed() {
			lines := strings.SplitAfter(log.String(), "\n")
			t.Logf("the last lines of the service's log:\n%s", strings.Join(lines[max(0, len(lines)-20):], ""))
		}
	})
	return service.URL, log
}

// LocalCredentials are those that a local service accepts.
var LocalCredentials = aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}

// Sign signs a request with this body for API Gateway, as the peers and the services do.
func Sign(ctx context.Context, r *http.Request, body []byte, credentials aws.Credentials, region string) error {
	hash := sha256.Sum256(body)
	return v4.NewSigner().SignHTTP(ctx, credentials, r, hex.EncodeToString(hash[:]), "execute-api", region, time.Now())
}
