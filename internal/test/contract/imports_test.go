package contract_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// may says what each package that is neither a command nor part of the local service may import besides the standard
// library. An entry that ends in a slash means all below it. A package that is not here may import nothing else: a new
// one has to find its place in this table first.
var may = map[string][]string{
	"orders/internal/order":              {"github.com/google/uuid", "orders/internal/strictjson"},
	"orders/internal/handler":            {"orders/internal/order", "orders/internal/strictjson", "github.com/aws/aws-lambda-go/events"},
	"orders/internal/dynamo/streamimage": {"orders/internal/order", "orders/internal/strictjson"},
	"orders/internal/safehttp":           {"github.com/aws/aws-sdk-go-v2/aws/", "github.com/aws/smithy-go/"},
	"orders/internal/dynamo":             {"orders/internal/order", "orders/internal/strictjson", "orders/internal/safehttp", "orders/internal/dynamo/streamimage", "github.com/aws/aws-sdk-go-v2/", "github.com/aws/smithy-go/"},
	"orders/internal/eventbus":           {"orders/internal/order", "orders/internal/safehttp", "github.com/aws/aws-sdk-go-v2/", "github.com/aws/smithy-go/"},
	"orders/internal/peer":               {"orders/internal/order", "orders/internal/strictjson", "orders/internal/safehttp"},
	"orders/internal/memory":             {"orders/internal/order", "orders/internal/strictjson"},
	"orders/internal/environment":        {"github.com/aws/aws-sdk-go-v2/aws/"},
	"orders/internal/telemetry": {"orders/internal/order", "orders/internal/safehttp", "github.com/aws/aws-lambda-go/lambdacontext", tracing,
		"github.com/aws/aws-sdk-go-v2/aws/", "github.com/aws/smithy-go/"},
	"orders/internal/test/hostile":    {"github.com/aws/aws-sdk-go-v2/aws/"},
	"orders/internal/order/ordertest": {"orders/internal/order", "github.com/google/uuid", "github.com/stretchr/testify/", "pgregory.net/rapid"},
}

// tracing is asked for, but no longer developed: one package knows it, so that another can take its place.
const tracing = "github.com/aws/aws-xray-sdk-go/"

// offline is what belongs to tests and to the local service, and so must not get into what is deployed.
var offline = []string{
	"orders/internal/local/", "orders/internal/test/e2e/", "orders/internal/load", "orders/internal/test/hostile", "orders/internal/memory", "orders/internal/order/ordertest", "orders/internal/test/contract",
	"testing", "github.com/stretchr/", "github.com/getkin/", "github.com/golang-jwt/", "github.com/rogpeppe/", "pgregory.net/",
}

// A goPackage is what the go command tells of a package, tests left out.
type goPackage struct {
	ImportPath, Name, Dir string
	GoFiles               []string
	Imports, Deps         []string // directly, and altogether
	Standard              bool
}

func (p goPackage) isOurs() bool { return strings.HasPrefix(p.ImportPath, "orders/") }

// listPackages is every package that the module's own are built from, by import path, and those of its own.
func listPackages(t *testing.T) (all map[string]goPackage, own []goPackage) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Name,Dir,GoFiles,Imports,Deps,Standard", "./...")
	list.Dir = "../../.."
	out, err := list.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("go list: %s", failed.Stderr)
	}
	require.NoError(t, err)
	all = map[string]goPackage{}
	for packages := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := packages.Decode(&p); errors.Is(err, io.EOF) {
			return all, own
		}
		require.NoError(t, err)
		all[p.ImportPath] = p
		if p.isOurs() {
			own = append(own, p)
		}
	}
}

// within tells whether a package is one of the entries, which may end in a slash for all below them.
func within(entries []string, importPath string) bool {
	return slices.ContainsFunc(entries, func(entry string) bool {
		return importPath == strings.TrimSuffix(entry, "/") || strings.HasSuffix(entry, "/") && strings.HasPrefix(importPath, entry)
	})
}

// joins tells whether a package is one of those that put the others together.
func joins(importPath string) bool {
	return within([]string{"orders/cmd/", "orders/internal/local/", "orders/internal/load/"}, importPath)
}

func TestArchitecture(t *testing.T) {
	all, own := listPackages(t)
	t.Run("packages import only what is theirs", func(t *testing.T) { requireOwnImports(t, all, own) })
	t.Run("commands only wire", func(t *testing.T) { requireThinCommands(t, all, own) })
	t.Run("functions hold nothing of tests or of the local service", func(t *testing.T) { requireLeanFunctions(t, all) })
	t.Run("one package knows the tracing library", func(t *testing.T) { requireOneTracingPackage(t, own) })
}

func requireOwnImports(t *testing.T, all map[string]goPackage, own []goPackage) {
	t.Helper()
	for _, p := range own {
		if joins(p.ImportPath) {
			continue
		}
		for _, imported := range p.Imports {
			require.True(t, all[imported].Standard || within(may[p.ImportPath], imported), "%s imports %s", p.ImportPath, imported)
		}
	}
	for importPath := range may {
		require.Contains(t, all, importPath, "the table names a package that is gone")
	}
}

func requireThinCommands(t *testing.T, all map[string]goPackage, own []goPackage) {
	t.Helper()
	for _, p := range own {
		if path.Dir(p.ImportPath) != "orders/cmd" {
			continue
		}
		for _, imported := range p.Imports {
			known := all[imported].Standard || all[imported].isOurs() || imported == "github.com/aws/aws-lambda-go/lambda"
			require.True(t, known, "%s imports %s", p.ImportPath, imported)
		}
	}
}

func requireLeanFunctions(t *testing.T, all map[string]goPackage) {
	t.Helper()
	for _, name := range []string{"create-order", "get-order", "on-events", "table-update"} {
		require.Contains(t, all, "orders/cmd/"+name)
		function := all["orders/cmd/"+name]
		require.Equal(t, "main", function.Name, name)
		for _, dependency := range function.Deps {
			require.False(t, within(offline, dependency), "%s depends on %s", name, dependency)
		}
	}
}

func requireOneTracingPackage(t *testing.T, own []goPackage) {
	t.Helper()
	for _, p := range own {
		traces := slices.ContainsFunc(p.Imports, func(imported string) bool { return within([]string{tracing}, imported) })
		require.Equal(t, p.ImportPath == "orders/internal/telemetry", traces, p.ImportPath)
	}
}
