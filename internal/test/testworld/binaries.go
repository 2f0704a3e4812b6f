package testworld

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// The functions, by the names of their binaries.
const (
	CreateOrder = "create-order"
	GetOrder    = "get-order"
	OnEvents    = "on-events"
	TableUpdate = "table-update"
)

// Functions returns the names of all functions.
func Functions() []string { return []string{CreateOrder, GetOrder, OnEvents, TableUpdate} }

// binaries is the folder that Main builds into.
var binaries string

// Binary returns the path of a function that Main built.
func Binary(name string) string { return filepath.Join(binaries, name) }

// Main is the TestMain of a package that runs the functions: it builds them once, runs the tests,
// so many in parallel because they wait more than they compute, and then looks for goroutines that
// were left running.
func Main(m *testing.M, parallel int) {
	code, err := run(m, parallel)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(cmp.Or(code, map[bool]int{true: 1}[err != nil]))
}

func run(m *testing.M, parallel int) (code int, err error) {
	if binaries, err = os.MkdirTemp("", "orders-functions"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(binaries)
	if err := build(binaries, "CGO_ENABLED=0", BuildFlags()); err != nil {
		return 1, err
	}
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(parallel)); err != nil {
		return 1, err
	}
	if code = m.Run(); code != 0 {
		return code, nil
	}
	return 0, goleak.Find()
}

// BuildFlags returns the flags that the Makefile builds the functions with for Lambda.
func BuildFlags() []string {
	return []string{"-tags", "lambda.norpc,grpcnotrace", "-trimpath", "-ldflags", "-s -w"}
}

// RacedBinaries builds the functions with the race detector and returns their folder. Without a C
// compiler, which the detector needs, it returns the binaries that Main built.
func RacedBinaries(t testing.TB) (folder string) {
	t.Helper()
	if !hasCompiler(t) {
		t.Log("no C compiler: the binaries run without the race detector")
		return binaries
	}
	folder = t.TempDir()
	require.NoError(t, build(folder, "CGO_ENABLED=1", append(BuildFlags(), "-race")))
	return folder
}

func hasCompiler(t testing.TB) bool {
	t.Helper()
	output, err := exec.Command("go", "env", "CGO_ENABLED", "CC").Output()
	require.NoError(t, err)
	fields := strings.Fields(string(output))
	if len(fields) < 2 || fields[0] != "1" {
		return false
	}
	_, err = exec.LookPath(fields[1])
	return err == nil
}

// build builds the functions as they are deployed, but for this machine's system and architecture.
func build(folder, variable string, flags []string) error {
	arguments := append([]string{"build", "-o", folder + string(filepath.Separator)}, flags...)
	for _, name := range Functions() {
		arguments = append(arguments, "orders/cmd/"+name)
	}
	command := exec.Command("go", arguments...)
	command.Env = append(os.Environ(), variable)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build the functions: %w\n%s", err, output)
	}
	return nil
}
