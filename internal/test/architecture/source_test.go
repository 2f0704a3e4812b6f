package architecture

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

// sourceFiles parses the module's Go files, except tests. It walks the directories itself because
// the go command caches the result of a test until a file that the test has read changes, and must
// notice a new one.
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

func TestPackagesAreNamedAfterWhatTheyProvide(t *testing.T) {
	forbidden := []string{"utils", "util", "types", "common", "config", "helpers", "helper"}
	folders := map[string]string{} // by package name
	for name, file := range sourceFiles(t) {
		folder := path.Dir(name)
		for _, part := range append(strings.Split(folder, "/"), file.Name.Name) {
			require.False(t, slices.Contains(forbidden, part), "%s", name)
		}
		if file.Name.Name == "main" {
			continue
		}
		provides := path.Base(folder)
		require.Equal(t, provides, file.Name.Name, "the package of %s", name)
		other, found := folders[file.Name.Name]
		require.True(t, !found || other == folder, "%s and %s have the same name", folder, other)
		folders[file.Name.Name] = folder
	}
}

func TestNothingRunsAtImport(t *testing.T) {
	for name, file := range sourceFiles(t) {
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			require.False(t, ok && function.Recv == nil && function.Name.Name == "init", "%s declares init", name)
		}
	}
}

func TestTopLevelHoldsNothingElse(t *testing.T) {
	allowed := []string{"cmd", "internal", "resources", "template.yaml", "samconfig.toml", "Makefile", "go.mod", "go.sum", "README.md", "LICENSE"}
	entries, err := os.ReadDir("../../..")
	require.NoError(t, err)
	for _, entry := range entries {
		require.True(t, strings.HasPrefix(entry.Name(), ".") || slices.Contains(allowed, entry.Name()), entry.Name())
	}
}
