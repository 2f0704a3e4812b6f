package function_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/stretchr/testify/require"

	"orders/internal/coldstart"
	"orders/internal/function"
	"orders/internal/lambdaruntime"
	"orders/internal/test/testworld"
)

// TestMain is also the function: this binary, started with a START.
func TestMain(m *testing.M) {
	if os.Getenv("START") == "" {
		os.Exit(m.Run())
	}
	function.Main("example", newCounter, coldstart.Example{Event: `"example"`})
}

// A counter returns which of the process's handlers it is, and the events that all have handled.
type counter struct{ number int }

var (
	constructed int
	handled     []string
)

func newCounter(getenv func(string) string, output io.Writer, _ http.RoundTripper) (lambda.Handler, error) {
	constructed++
	fmt.Fprintf(output, "handler %d is ready\n", constructed)
	if getenv("START") == "incomplete" {
		return nil, errors.New("missing environment variables: TABLE_NAME")
	}
	return counter{constructed}, nil
}

func (c counter) Invoke(_ context.Context, event []byte) ([]byte, error) {
	handled = append(handled, string(event))
	return fmt.Appendf(nil, `{"handler":%d,"handled":[%s]}`, c.number, strings.Join(handled, ",")), nil
}

func start(t *testing.T, how string) (*lambdaruntime.Function, *testworld.Buffer, error) {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	log := &testworld.Buffer{}
	f, err := lambdaruntime.Start(t.Context(), lambdaruntime.Options{
		Binary: binary, Env: map[string]string{"START": how}, InitTimeout: time.Minute, Log: log,
	})
	if err == nil {
		t.Cleanup(f.Close)
	}
	return f, log, err
}

func TestExampleIsHandledFirstAndSilently(t *testing.T) {
	f, log, err := start(t, "complete")
	require.NoError(t, err, log)
	response, err := f.Invoke(t.Context(), []byte(`"event"`))
	require.NoError(t, err)
	require.Equal(t, `{"handler":2,"handled":["example","event"]}`, string(response))
	f.Close()
	require.Equal(t, "handler 2 is ready\n", log.String())
}

func TestFunctionThatCannotStartSaysWhy(t *testing.T) {
	_, log, err := start(t, "incomplete")
	require.Error(t, err)
	require.Contains(t, log.String(), `"message":"example failed to start"`)
	require.Contains(t, log.String(), `"error":"missing environment variables: TABLE_NAME"`)
}
