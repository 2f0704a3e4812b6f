package privacy

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"testing"
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
	// With the flags of what is deployed (FUNCTION_FLAGS in the Makefile): logs and errors are what they are there.
	command := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w", "-o", folder+string(os.PathSeparator),
		"orders/cmd/"+createOrder, "orders/cmd/"+getOrder, "orders/cmd/"+onEvents, "orders/cmd/"+tableUpdate)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the functions: %w\n%s", err, output)
	}
	os.Setenv(binariesVariable, folder)
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil { // some of these tests wait for retries to end
		return 1, err
	}
	return m.Run(), nil
}
