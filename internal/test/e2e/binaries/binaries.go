// Package binaries builds the functions for tests of what is deployed.
package binaries

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Flags are those that the Makefile builds the functions with for Lambda.
func Flags() []string { return []string{"-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w"} }

// Build builds the four functions into a folder as they are deployed, but for this machine's system and architecture.
// Each has the name of its folder in cmd. Go's cache makes a second time quick. The error holds what the compiler says.
func Build(folder string) error { return build(folder, "CGO_ENABLED=0", Flags()) }

// BuildRaced builds them with the race detector, which needs a C compiler.
func BuildRaced(folder string) error {
	return build(folder, "CGO_ENABLED=1", append(Flags(), "-race"))
}

func build(folder, variable string, flags []string) error {
	arguments := append([]string{"build", "-o", folder + string(filepath.Separator)}, flags...)
	for _, name := range []string{"create-order", "get-order", "on-events", "table-update"} {
		arguments = append(arguments, "orders/cmd/"+name)
	}
	command := exec.Command("go", arguments...)
	command.Env = append(os.Environ(), variable)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build the functions: %w\n%s", err, output)
	}
	return nil
}
