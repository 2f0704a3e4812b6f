// Package dynamodbtest gives tests an orders table in AWS's own DynamoDB Local.
package dynamodbtest

import (
	"context"
	"crypto/rand"
	"net/http"
	"os"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"orders/internal/local/dynamodb"
)

// Required is the environment variable that, set to 1, makes tests fail where DynamoDB Local cannot
// be started.
const Required = "REQUIRE_DYNAMODB_LOCAL"

// Start starts a server in memory for one test, subtests included, and returns its endpoint. It
// takes more than a second, so tests of a package should share one as subtests. Without Java or npm
// the test is skipped, unless the environment demands it.
func Start(t testing.TB) (endpoint string) {
	t.Helper()
	NeedsServer(t)
	server, err := dynamodb.StartServer(t.Context(), dynamodb.ServerOptions{Log: t.Output()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	return server.Endpoint()
}

// NeedsServer skips a test where DynamoDB Local cannot be started, or fails it if the environment
// demands it. When it returns, DynamoDB Local is installed: neither the time that a server may take
// to start nor the few settings that a test gives to a process of its own are meant for a download.
func NeedsServer(t testing.TB) {
	t.Helper()
	err := dynamodb.Available()
	switch {
	case err == nil:
		require.NoError(t, installOnce())
	case os.Getenv(Required) == "1":
		t.Fatalf("%s=1, but %v", Required, err)
	default:
		t.Skipf("left out: %v", err)
	}
}

// installOnce: several tests of a package may need the server at the same time.
var installOnce = sync.OnceValue(func() error { return dynamodb.Install(context.Background()) })

// Table creates a table for one test and returns its name.
func Table(t testing.TB, endpoint string) (name string) {
	t.Helper()
	name = "orders-" + rand.Text()
	require.NoError(t, dynamodb.EnsureTable(t.Context(), Client(t, endpoint), name))
	return name
}

// Client returns a client for looking at a table without the code under test.
func Client(t testing.TB, endpoint string) *awsdynamodb.Client {
	connections := Connections(t)
	return awsdynamodb.NewFromConfig(Config(), func(o *awsdynamodb.Options) {
		o.BaseEndpoint = aws.String(endpoint)
		o.HTTPClient = connections
	})
}

// Config returns what clients of DynamoDB Local need besides the endpoint.
func Config() aws.Config {
	return aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}
}

// Connections returns an HTTP client whose connections are closed when the test ends.
func Connections(t testing.TB) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
