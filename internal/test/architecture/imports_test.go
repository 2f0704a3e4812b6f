// Package architecture tests the rules of the module's layout: which package may import which, and
// what packages are called. It has no code of its own.
package architecture

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

// A rule says what the packages of a layer may import besides the standard library, and besides
// packages below themselves. An entry that ends in a slash means everything below it.
type rule struct {
	layer string // the package and all below it
	may   []string
}

// rules are in the order in which they apply: the first layer that a package belongs to counts.
// Packages that belong to none of them, such as a new one, may import nothing else.
var rules = []rule{
	{"orders/internal/strictjson", nil},
	{"orders/internal/buildinfo", nil},
	{"orders/internal/percentile", nil},
	{"orders/internal/coldstart/coldstarttest", []string{"orders/internal/coldstart", lambda, testify}},
	{"orders/internal/coldstart", []string{lambda}},
	{"orders/internal/function", []string{"orders/internal/coldstart", "orders/internal/safehttp", "orders/internal/telemetry", lambda}},
	{"orders/internal/order/ordertest", []string{"orders/internal/order", "github.com/google/uuid", testify, rapid}},
	{"orders/internal/order", []string{"orders/internal/strictjson", "github.com/google/uuid"}},
	{"orders/internal/handler", []string{"orders/internal/order", "orders/internal/strictjson", "github.com/aws/aws-lambda-go/events"}},

	// Adapters: the domain and one technology each.
	{"orders/internal/safehttp", []string{sdk, smithy}},
	{"orders/internal/dynamo", []string{"orders/internal/order", "orders/internal/strictjson", "orders/internal/safehttp", sdk, smithy}},
	{"orders/internal/eventbus", []string{"orders/internal/order", "orders/internal/safehttp", sdk, smithy}},
	{"orders/internal/deadletter", []string{"orders/internal/strictjson", "orders/internal/safehttp", sdk}},
	{"orders/internal/peer", []string{"orders/internal/order", "orders/internal/strictjson", "orders/internal/safehttp"}},
	{"orders/internal/memory", []string{"orders/internal/order", "orders/internal/strictjson"}},
	{"orders/internal/environment", []string{sdk}},
	{"orders/internal/telemetry", []string{"orders/internal/order", "orders/internal/buildinfo", "orders/internal/safehttp", lambda, "github.com/aws/aws-lambda-go/lambdacontext", tracing, sdk, smithy}},

	{"orders/internal/test/hostile", []string{sdk}},
}

const (
	lambda  = "github.com/aws/aws-lambda-go/lambda"
	sdk     = "github.com/aws/aws-sdk-go-v2/"
	smithy  = "github.com/aws/smithy-go/"
	rapid   = "pgregory.net/rapid"
	testify = "github.com/stretchr/testify/"

	// tracing is in maintenance: only telemetry knows it, so that OpenTelemetry can take its place.
	tracing = "github.com/aws/aws-xray-sdk-go/"
)

// joining are the layers that put the others together. What is deployed imports none but cmd.
var joining = []string{
	"orders/cmd/", "orders/internal/local/", "orders/internal/lambdaruntime/", "orders/internal/load/", "orders/internal/ops/", "orders/internal/floor/",
	"orders/internal/test/testworld/", "orders/internal/test/acceptance/",
}

// offline is what belongs to tests and to this machine, and must not be in what is deployed.
var offline = []string{
	"orders/internal/local/", "orders/internal/lambdaruntime/", "orders/internal/load/", "orders/internal/ops/", "orders/internal/test/", "orders/internal/floor/",
	"orders/internal/memory/", "orders/internal/order/ordertest/", "orders/internal/dynamo/streamimage/streamtest/",
	"testing", "github.com/stretchr/", "github.com/getkin/", "github.com/golang-jwt/", "github.com/rogpeppe/", "github.com/spf13/", rapid,
}

// A goPackage is what the go command lists of a package, without its tests.
type goPackage struct {
	ImportPath, Name string
	Imports, Deps    []string // directly, and altogether
	Standard         bool
}

func (p goPackage) isOurs() bool { return strings.HasPrefix(p.ImportPath, "orders/") }

// listPackages returns all packages that the module is built from, by import path, and the module's
// own.
func listPackages(t *testing.T) (all map[string]goPackage, own []goPackage) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Name,Imports,Deps,Standard", "./...")
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

// within reports whether a package is one of the entries, or below one that ends in a slash.
func within(importPath string, entries ...string) bool {
	return slices.ContainsFunc(entries, func(entry string) bool {
		return importPath == strings.TrimSuffix(entry, "/") || strings.HasSuffix(entry, "/") && strings.HasPrefix(importPath, entry)
	})
}

func TestArchitecture(t *testing.T) {
	all, own := listPackages(t)
	t.Run("layers import what their rules allow", func(t *testing.T) { requireRules(t, all, own) })
	t.Run("no import points back up", func(t *testing.T) { requireDownwardImports(t, own) })
	t.Run("functions only wire", func(t *testing.T) { requireThinFunctions(t, all) })
	t.Run("one package knows the tracing library", func(t *testing.T) { requireOneTracingPackage(t, own) })
	t.Run("functions contain nothing of tests or of the local service", func(t *testing.T) { requireLeanFunctions(t, all) })
}

func requireRules(t *testing.T, all map[string]goPackage, own []goPackage) {
	t.Helper()
	applied := map[string]bool{}
	for _, p := range own {
		if within(p.ImportPath, joining...) {
			continue
		}
		var allowed rule
		if i := slices.IndexFunc(rules, func(r rule) bool { return within(p.ImportPath, r.layer+"/") }); i >= 0 {
			allowed = rules[i]
		}
		applied[allowed.layer] = true
		for _, imported := range p.Imports {
			known := all[imported].Standard || within(imported, allowed.layer+"/") || within(imported, allowed.may...)
			require.True(t, known, "%s imports %s", p.ImportPath, imported)
		}
	}
	for _, r := range rules {
		require.True(t, applied[r.layer], "the rule for %s applies to no package", r.layer)
	}
}

// requireDownwardImports requires that what joins the layers is imported by nothing below it: the
// local service by no adapter, commands by nobody, and the tests' packages by no code but that of
// tests and of load runs.
func requireDownwardImports(t *testing.T, own []goPackage) {
	t.Helper()
	for _, p := range own {
		for _, imported := range p.Imports {
			require.False(t, within(imported, "orders/cmd/"), "%s imports the command %s", p.ImportPath, imported)
			if within(p.ImportPath, "orders/internal/local/") {
				above := within(imported, "orders/internal/load/", "orders/internal/test/", "orders/internal/ops/")
				require.False(t, above, "%s imports %s", p.ImportPath, imported)
				require.False(t, imported == "orders/internal/local", "%s imports the package that wires it", p.ImportPath)
			}
		}
	}
}

// functions are the commands that are deployed.
var functions = []string{"create-order", "get-order", "on-events", "table-update"}

func requireThinFunctions(t *testing.T, all map[string]goPackage) {
	t.Helper()
	for _, name := range functions {
		for _, imported := range all["orders/cmd/"+name].Imports {
			known := all[imported].Standard || all[imported].isOurs() || imported == lambda
			require.True(t, known, "%s imports %s", name, imported)
		}
	}
}

func requireOneTracingPackage(t *testing.T, own []goPackage) {
	t.Helper()
	for _, p := range own {
		if within(p.ImportPath, "orders/internal/floor/", "orders/cmd/bench/floor/") {
			continue // measures what the library costs
		}
		traces := slices.ContainsFunc(p.Imports, func(imported string) bool { return within(imported, tracing) })
		require.Equal(t, p.ImportPath == "orders/internal/telemetry", traces, p.ImportPath)
	}
}

func requireLeanFunctions(t *testing.T, all map[string]goPackage) {
	t.Helper()
	for _, name := range functions {
		function, found := all["orders/cmd/"+name]
		require.True(t, found, name)
		require.Equal(t, "main", path.Base(function.Name), name)
		for _, dependency := range function.Deps {
			require.False(t, within(dependency, offline...), "%s depends on %s", name, dependency)
		}
	}
}
