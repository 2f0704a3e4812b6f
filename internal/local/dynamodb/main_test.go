package dynamodb_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"go.uber.org/goleak"

	"orders/internal/local/dynamodb"
)

// keepIn makes this test binary another process, which owns a server on the folder that it names.
const keepIn = "TEST_KEEP_DYNAMODB_LOCAL_IN"

func TestMain(m *testing.M) {
	if folder := os.Getenv(keepIn); folder != "" {
		server, err := dynamodb.StartServer(context.Background(), dynamodb.ServerOptions{Dir: folder, Log: os.Stderr})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(server.Endpoint())
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
	}
	goleak.VerifyTestMain(m)
}
