package load

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is the service as well, when a test starts this program again.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == ServeCommand {
		if err := Serve(context.Background(), os.Getenv, os.Stdin, os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
