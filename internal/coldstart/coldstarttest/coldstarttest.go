// Package coldstarttest tests the examples with which functions prepare for their first event.
package coldstarttest

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/stretchr/testify/require"

	"orders/internal/coldstart"
)

// RequireHandled fails the test unless a new handler handles the example with this response, after
// this many requests. Only then is the way of a real event exercised to its end.
func RequireHandled(
	t *testing.T, example coldstart.Example, newHandler func(http.RoundTripper) (lambda.Handler, error), response string, requests int32,
) {
	t.Helper()
	transport := &fixedResponse{body: example.Response}
	h, err := newHandler(transport)
	require.NoError(t, err)
	got, err := h.Invoke(t.Context(), []byte(example.Event))
	require.NoError(t, err)
	require.Contains(t, string(got), response)
	require.Equal(t, requests, transport.requests.Load())
}

type fixedResponse struct {
	body     string
	requests atomic.Int32
}

func (f *fixedResponse) RoundTrip(r *http.Request) (*http.Response, error) {
	f.requests.Add(1)
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(f.body)), Request: r}, nil
}
