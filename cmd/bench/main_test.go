package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/stretchr/testify/require"
)

// TestMain lets the test's own binary be the function that is measured, where it is started as one.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		lambda.Start(func(context.Context, json.RawMessage) (any, error) { return map[string]int{"statusCode": 200}, nil })
	}
	os.Exit(m.Run())
}

// functions is a folder of functions that start the test's own binary. They are scripts, which are quick to compress.
func functions(t *testing.T, names ...string) (folder string) {
	self, err := os.Executable()
	require.NoError(t, err)
	folder = t.TempDir()
	for _, name := range names {
		script := "#!/bin/sh\nexec '" + self + "'\n" + strings.Repeat("# as large as to show\n", 1000)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(script), 0o700))
	}
	return folder
}

func TestAFunctionIsMeasuredBesideItsFloor(t *testing.T) {
	folder := functions(t, "get-order", "a_hello")
	var table bytes.Buffer
	err := run(t.Context(), []string{"-binaries", folder, "-floor", folder, "-only", "get-order", "-tls", "-runs", "1", "-cold", "1", "-warm", "2"}, &table)
	require.NoError(t, err)
	require.Contains(t, table.String(), "; HTTPS; neighbours 20ms, bus 5ms, table: stand-in; medians of 1 runs of 1 cold starts and 2 warm calls")
	require.Regexp(t, `(?m)^\| get-order \|( \d+\.\d\d \|){9}$`, table.String())
	require.Regexp(t, `(?m)^\| a_hello \|( \d+\.\d\d \|){9}$`, table.String())
	require.Regexp(t, `(?m)^\| get-order / a_hello \|( x\d+\.\d\d \|){5}`, table.String())
}

func TestAnAnswerOfTheWrongKindIsTold(t *testing.T) {
	folder := functions(t, "create-order")
	err := run(t.Context(), []string{"-binaries", folder, "-only", "create-order", "-table", "stand-in", "-runs", "1"}, io.Discard)
	require.ErrorContains(t, err, `create-order answered {"statusCode":200}`)
}

func TestWhatCannotBeMeasuredIsTold(t *testing.T) {
	require.ErrorContains(t, run(t.Context(), []string{"-binaries", t.TempDir(), "-table", "stand-in"}, io.Discard), "create-order")
	for _, wrong := range []string{"-runs=0", "-cold=0", "-warm=0", "more"} {
		require.Error(t, run(t.Context(), []string{wrong}, io.Discard), wrong)
	}
}

func TestQuantiles(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	require.EqualValues(t, 3, median(values))
	require.EqualValues(t, 5, quantile(values, 0.99))
	require.EqualValues(t, 1, quantile(values, 0))
	require.True(t, math.IsNaN(median(nil)))
}

func TestMediansOverRuns(t *testing.T) {
	runs := [][]figures{{{init: 2}, {init: 1}}, {{init: 9}, {init: 3}}, {{init: 4}, {init: 1}}}
	require.EqualValues(t, 4, medianOf(runs, func(run []figures) figures { return run[0] }).init)
	ratio := medianOf(runs, func(run []figures) figures { return run[0].over(run[1]) })
	require.EqualValues(t, 3, ratio.init, "2, 3 and 4: the ratio is taken within each run")
	var out bytes.Buffer
	report{&out}.row("x", ratio, "x%.2f", math.NaN())
	require.Equal(t, "| x | x3.00 |"+strings.Repeat("  |", 7)+"\n", out.String(), "what is not known stays empty")
}
