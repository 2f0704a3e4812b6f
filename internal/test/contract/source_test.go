package contract_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sourceFiles parses the module's Go files, tests left out. It walks the directories itself, so that the go command,
// which remembers what a test has read, runs this one again when there is a new file.
func sourceFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	root := os.DirFS("../../..")
	require.NoError(t, fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		files[name], err = parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		return err
	}))
	require.Contains(t, files, "internal/order/order.go")
	return files
}

func TestPackagesHaveNamesFromTheField(t *testing.T) {
	for name, file := range sourceFiles(t) {
		for _, part := range append(strings.Split(path.Dir(name), "/"), file.Name.Name) {
			require.False(t, slices.Contains([]string{"utils", "util", "types", "common", "config", "helpers", "helper"}, part), "%s", name)
		}
	}
}

// Nothing happens before main says so.
func TestNothingRunsAtImport(t *testing.T) {
	for name, file := range sourceFiles(t) {
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			require.False(t, ok && function.Recv == nil && function.Name.Name == "init", "%s declares init", name)
		}
	}
}
