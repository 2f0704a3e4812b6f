package safehttp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/require"

	"orders/internal/safehttp"
)

const secret = "tok_secret"

func TestRedactKeepsOnlyWhatIsKnownToBeSafe(t *testing.T) {
	require.NoError(t, safehttp.Redact(nil))
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	untrusted := &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	for want, err := range map[string]error{
		"context canceled":                      context.Canceled,
		"context deadline exceeded":             context.DeadlineExceeded,
		"EOF":                                   io.EOF,
		"unexpected EOF":                        io.ErrUnexpectedEOF,
		"dial tcp: connect: connection refused": refused,
		untrusted.Error():                       untrusted,
		"timed out":                             timeout{},
		"sign request: no credentials":          &safehttp.SigningError{Err: errors.New("no credentials")},
		"malformed HTTP response":               errors.New("malformed HTTP status code " + secret),
	} {
		for _, wrapped := range []error{
			err, fmt.Errorf("%s: %w", secret, err), &url.Error{Op: "Post", URL: "http://localhost/" + secret, Err: err},
		} {
			require.Equal(t, want, safehttp.Redact(wrapped).Error())
		}
	}
}

// timeout is like net/http's own timeouts, whose texts vary.
type timeout struct{}

func (timeout) Error() string   { return "timeout awaiting the headers of " + secret }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

func TestErrorsOfAWSCallsAreRedacted(t *testing.T) {
	apiError := func(code string) error { return &smithy.GenericAPIError{Code: code, Message: "about " + secret} }
	for want, err := range map[string]error{
		"ValidationException":     apiError("ValidationException"),
		"cannot decode response":  &smithy.DeserializationError{Err: errors.New(secret), Snapshot: []byte(secret)},
		"malformed HTTP response": errors.New(secret),
		"EOF":                     io.EOF,
	} {
		got := called(t, fmt.Errorf("%s: %w", secret, err))
		require.Equal(t, want, got.Error())
		require.ErrorIs(t, got, err, "errors.Is still finds it")
	}
	require.NoError(t, called(t, nil))
}

func TestMessagesThatOperatorsNeedAreKept(t *testing.T) {
	for _, code := range []string{"AccessDeniedException", "ResourceNotFoundException"} {
		got := called(t, &smithy.GenericAPIError{Code: code, Message: "table orders"})
		require.EqualError(t, got, code+": table orders")
	}
	require.Equal(t, "MalformedDetail", safehttp.RedactAPIError("MalformedDetail", secret))
}

// called returns the error of an AWS client's call that failed with err.
func called(t *testing.T, err error) error {
	t.Helper()
	stack := middleware.NewStack("call", func() any { return nil })
	deserializer := middleware.DeserializeMiddlewareFunc("OperationDeserializer",
		func(context.Context, middleware.DeserializeInput, middleware.DeserializeHandler) (
			middleware.DeserializeOutput, middleware.Metadata, error,
		) {
			return middleware.DeserializeOutput{}, middleware.Metadata{}, err
		})
	require.NoError(t, stack.Deserialize.Add(deserializer, middleware.After))
	require.NoError(t, safehttp.RedactCalls(stack))
	_, _, got := middleware.DecorateHandler(middleware.HandlerFunc(func(context.Context, any) (any, middleware.Metadata, error) {
		return nil, middleware.Metadata{}, errors.New("goes to the network")
	}), stack).Handle(t.Context(), nil)
	return got
}
