package privacy

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"orders/internal/test/e2e/binaries"
)

// The functions, by the names of their binaries.
const (
	createOrder = "create-order"
	getOrder    = "get-order"
	onEvents    = "on-events"
	tableUpdate = "table-update"
)

// binariesVariable names the folder of the binaries.
const binariesVariable = "PRIVACY_BINARIES"

// TestMain builds the binaries once for all tests.
func TestMain(m *testing.M) {
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func runTests(m *testing.M) (int, error) {
	folder, err := os.MkdirTemp("", "orders-privacy")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(folder)
	if err := binaries.Build(folder); err != nil {
		return 1, err
	}
	os.Setenv(binariesVariable, folder)
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil { // some of these tests wait for retries to end
		return 1, err
	}
	return m.Run(), nil
}
