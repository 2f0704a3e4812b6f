package lambdaruntime_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"orders/internal/lambdaruntime"
	"orders/internal/local/lambda"
	"orders/internal/test/testworld"
)

// TestMain builds the function of the tests once, or is the parent that dies (see
// parent_test.go).
func TestMain(m *testing.M) {
	if os.Getenv("DOOMED_PARENT") != "" {
		beDoomedParent()
	}
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

const binaryVariable = "LAMBDARUNTIME_TEST_BINARY"

func runTests(m *testing.M) (int, error) {
	directory, err := os.MkdirTemp("", "lambdaruntime")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(directory)
	binary := filepath.Join(directory, "function")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", binary, "./testdata/function")
	if output, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the function: %w\n%s", err, output)
	}
	os.Setenv(binaryVariable, binary)
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			return 1, err
		}
	}
	return code, nil
}

// start starts the function of the tests, changed by edit.
func start(t *testing.T, edit ...func(*lambdaruntime.Options)) (*lambdaruntime.Function, *testworld.Buffer) {
	t.Helper()
	f, log, err := tryStart(t, edit...)
	require.NoError(t, err, log)
	return f, log
}

func tryStart(t *testing.T, edit ...func(*lambdaruntime.Options)) (*lambdaruntime.Function, *testworld.Buffer, error) {
	var log testworld.Buffer
	options := lambdaruntime.Options{Binary: os.Getenv(binaryVariable), Name: "tested", Timeout: time.Minute, Log: &log}
	for _, e := range edit {
		e(&options)
	}
	f, err := lambdaruntime.Start(t.Context(), options)
	if err == nil {
		t.Cleanup(f.Close)
	}
	return f, &log, err
}

// invoke lets the function do something, and returns its response as text.
func invoke(t *testing.T, f *lambdaruntime.Function, event string) string {
	t.Helper()
	response, err := f.Invoke(t.Context(), []byte(event))
	require.NoError(t, err)
	return string(response)
}

// invokeError lets the function do something that must be a function error.
func invokeError(t *testing.T, f *lambdaruntime.Function, event string) *lambda.FunctionError {
	t.Helper()
	response, err := f.Invoke(t.Context(), []byte(event))
	require.Nil(t, response)
	return asFunctionError(t, err)
}

func asFunctionError(t *testing.T, err error) *lambda.FunctionError {
	t.Helper()
	var failure *lambda.FunctionError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "tested", failure.Function)
	require.True(t, json.Valid(failure.Payload))
	return failure
}
