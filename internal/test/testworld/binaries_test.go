package testworld_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/test/testworld"
)

func TestBuildFlagsAreThoseOfTheMakefile(t *testing.T) {
	makefile, err := os.ReadFile("../../../Makefile")
	require.NoError(t, err)
	flags := strings.Replace(strings.Join(testworld.BuildFlags(), " "), "-s -w", `"-s -w $(STAMP)"`, 1)
	require.Contains(t, string(makefile), "\nFUNCTION_FLAGS := "+flags+"\n")
	require.Contains(t, string(makefile), "CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build $(FUNCTION_FLAGS) -o ")
}
