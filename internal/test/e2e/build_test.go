package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"orders/internal/test/e2e/binaries"
)

// The functions, by the names of their binaries.
const (
	createOrder = "create-order"
	getOrder    = "get-order"
	onEvents    = "on-events"
	tableUpdate = "table-update"
)

// binariesVariable names the folder of the binaries that are deployed.
const binariesVariable = "E2E_BINARIES"

// TestMain builds the binaries once for all tests, and looks for leaks when all is closed.
func TestMain(m *testing.M) {
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func runTests(m *testing.M) (int, error) {
	folder, err := os.MkdirTemp("", "orders-e2e")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(folder)
	if err := binaries.Build(folder); err != nil {
		return 1, err
	}
	os.Setenv(binariesVariable, folder)
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil { // parallel tests here wait, for servers that hang
		return 1, err
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			return 1, err
		}
	}
	return code, nil
}

// racedBinaries builds the functions with the race detector, which needs a C compiler. Without one they come without
// it: what they do at once is then tested, and only how they do it is not.
func racedBinaries(t *testing.T) (folder string) {
	t.Helper()
	if !hasCompiler(t) {
		t.Log("no C compiler: the binaries run without the race detector")
		return os.Getenv(binariesVariable)
	}
	folder = t.TempDir()
	require.NoError(t, binaries.BuildRaced(folder))
	return folder
}

func hasCompiler(t *testing.T) bool {
	output, err := exec.Command("go", "env", "CGO_ENABLED", "CC").Output()
	require.NoError(t, err)
	fields := strings.Fields(string(output))
	if len(fields) < 2 || fields[0] != "1" {
		return false
	}
	_, err = exec.LookPath(fields[1])
	return err == nil
}
