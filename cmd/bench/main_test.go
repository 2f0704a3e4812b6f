package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
	"orders/internal/test/testworld"
)

// TestMain is the function that is measured, when this program is started as one.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		lambda.Start(func(context.Context, json.RawMessage) (any, error) { return map[string]int{"statusCode": 200}, nil })
	}
	os.Exit(m.Run())
}

// functions returns a folder of functions that start the test's own binary. They are scripts, which
// are quick to compress.
func functions(t *testing.T, names ...string) (folder string) {
	self, err := os.Executable()
	require.NoError(t, err)
	folder = t.TempDir()
	for _, name := range names {
		script := "#!/bin/sh\nexec '" + self + "'\n" + strings.Repeat("# large enough to show\n", 1000)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(script), 0o700))
	}
	return folder
}

func TestAFunctionIsComparedWithItsBaselineAndFloors(t *testing.T) {
	folder := functions(t, "get-order", "hello")
	var table bytes.Buffer
	err := run(t.Context(), []string{
		"-binaries", folder, "-floors", folder, "-baseline", folder, "-only", "get-order",
		"-runs", "1", "-cold", "1", "-warm", "2", "-memory", "512",
	}, &table)
	require.NoError(t, err)
	require.Contains(t, table.String(), "; HTTPS; peers 20ms, bus 5ms, table 3ms; medians of 1 runs of 1 cold starts and 2 warm calls")
	throttled := `( \d+\.\d\d \|){3}`
	if lambdaruntime.CanThrottle() != nil {
		throttled = `(  \|){3}`
	}
	for _, program := range []string{"get-order", "baseline", "hello", "floor"} {
		require.Regexp(t, `(?m)^\| `+program+` \|( \d+\.\d\d \|){7}`+throttled+`( \d+\.\d\d \|){2}$`, table.String())
	}
	for _, ratio := range []string{"/ baseline", "/ hello", "/ floor"} {
		require.Regexp(t, `(?m)^\| `+ratio+` \|( x\d+\.\d\d \|){5}`, table.String())
	}
}

// build builds programs as they are built for Lambda.
func build(t *testing.T, folder string, packages ...string) {
	t.Helper()
	args := append(append([]string{"build"}, testworld.BuildFlags()...), "-o", folder+"/")
	output, err := exec.CommandContext(t.Context(), "go", append(args, packages...)...).CombinedOutput()
	require.NoError(t, err, string(output))
}

// The functions and floors, as they are built for Lambda, do what they are measured for. The
// program is a process of its own because the race detector makes zip archives take minutes.
func TestEveryProgramCompletesItsEvents(t *testing.T) {
	programs, functions, floors := t.TempDir(), t.TempDir(), t.TempDir()
	build(t, programs, ".")
	build(t, functions, "../create-order", "../get-order", "../on-events", "../table-update")
	build(t, floors, "./floor/hello", "./floor/create-order", "./floor/get-order", "./floor/on-events", "./floor/table-update")
	bench := exec.CommandContext(t.Context(), filepath.Join(programs, "bench"),
		"-binaries", functions, "-floors", floors, "-runs=1", "-cold=1", "-warm=1", "-memory=0")
	table, err := bench.CombinedOutput()
	require.NoError(t, err, string(table))
	for _, line := range []string{"create-order", "get-order", "on-events", "table-update, 1 record", "table-update, 100 records, 3 % rejected"} {
		require.Contains(t, string(table), "| **"+line+"** |")
	}
	require.Regexp(t, `\| \d+ records a second`, string(table))
}

func TestAnUnexpectedResponseIsAnError(t *testing.T) {
	folder := functions(t, "create-order", "hello")
	err := run(t.Context(), []string{"-binaries", folder, "-floors", folder, "-only", "create-order", "-runs", "1"}, io.Discard)
	require.ErrorContains(t, err, `create-order returned {"statusCode":200}`)
}

func TestInvalidArgumentsAreErrors(t *testing.T) {
	require.ErrorContains(t, run(t.Context(), []string{"-binaries", t.TempDir()}, io.Discard), "create-order")
	for _, invalid := range []string{"-runs=0", "-cold=0", "-warm=0", "-memory=-1", "-sizes=64", "-sizes=512,", "more"} {
		require.Error(t, run(t.Context(), []string{invalid}, io.Discard), invalid)
	}
}

func TestMemorySizesAreCompared(t *testing.T) {
	if err := lambdaruntime.CanThrottle(); err != nil {
		t.Skipf("left out: %v", err)
	}
	folder := functions(t, "get-order")
	var table bytes.Buffer
	err := run(t.Context(), []string{"-binaries", folder, "-only=get-order", "-sizes=512,1769", "-runs=1", "-cold=1", "-warm=1"}, &table)
	require.NoError(t, err)
	require.Regexp(t, `(?m)^\| MB \| get-order \|$`, table.String())
	require.Regexp(t, `(?m)^\| 512 \| \d+, \d+\.\d, \d+\.\d \|$`, table.String())
	require.Regexp(t, `(?m)^\| 1769 \| \d+, \d+\.\d, \d+\.\d \|$`, table.String())
}

func TestMediansOverRuns(t *testing.T) {
	runs := [][]figures{{{init: 2}, {init: 1}}, {{init: 9}, {init: 3}}, {{init: 4}, {init: 1}}}
	require.EqualValues(t, 4, medianOf(runs, func(run []figures) figures { return run[0] }).init)
	ratio := medianOf(runs, func(run []figures) figures { return run[0].combine(run[1], divide) })
	require.EqualValues(t, 3, ratio.init, "2, 3 and 4: the ratio is taken within each run")
	difference := medianOf(runs, func(run []figures) figures { return run[0].combine(run[1], subtract) })
	require.EqualValues(t, 3, difference.init, "1, 6 and 3")
	var out bytes.Buffer
	report{&out}.row("x", ratio, "x%.2f", math.NaN())
	require.Equal(t, "| x | x3.00 |"+strings.Repeat("  |", 10)+"\n", out.String(), "what is not known stays empty")
}

func TestTheRejectingBusRejectsSomeEntries(t *testing.T) {
	body := []byte(`{"Entries":[` + strings.Repeat("{},", 9999) + `{}]}`)
	var out struct {
		FailedEntryCount int
		Entries          []struct{ EventID, ErrorCode string }
	}
	require.NoError(t, json.Unmarshal(putEvents(body, rejectedShare), &out))
	require.Len(t, out.Entries, 10_000)
	require.InDelta(t, 300, out.FailedEntryCount, 100)
	require.NoError(t, json.Unmarshal(putEvents(body, 0), &out))
	require.Zero(t, out.FailedEntryCount)
}
