package safehttp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// Redact returns the part of an http.RoundTripper's error that contains nothing of the request or
// its response: that it timed out or was canceled, that the connection ended, what the operating
// system reports about an address, what is wrong with a certificate, or that the request could not
// be signed. It returns nil for nil.
//
// It is a list of what is known to be safe, because net/http quotes, for example, a status line
// that it cannot parse, and a peer may have repeated the request in it.
func Redact(err error) error {
	for _, known := range []error{nil, context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, known) {
			return known
		}
	}
	if e, ok := errors.AsType[*SigningError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*net.OpError](err); ok { // addresses, and refused, reset or unknown host
		return e
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return errTimeout
	}
	return errMalformed
}

var (
	errTimeout   = errors.New("timed out")
	errMalformed = errors.New("malformed HTTP response")
)

// RedactCalls redacts the errors of all calls of an AWS client; it is one of the client's
// APIOptions. A service's message may repeat a value that it received, and the SDK quotes the part
// of a response that it could not decode. Because it is the innermost step, whatever logs, traces
// or wraps an error only gets the redacted text. errors.As and errors.Is still find the original
// error.
func RedactCalls(stack *middleware.Stack) error {
	redact := func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
		middleware.DeserializeOutput, middleware.Metadata, error,
	) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		return out, metadata, redactCall(err)
	}
	return stack.Deserialize.Insert(middleware.DeserializeMiddlewareFunc("Redact", redact), "OperationDeserializer", middleware.Before)
}

func redactCall(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return &redactedError{"cannot decode response", err}
	}
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return &redactedError{RedactAPIError(e.ErrorCode(), e.ErrorMessage()), err}
	}
	return &redactedError{Redact(err).Error(), err}
}

// RedactAPIError returns what can be logged of an AWS service's error: its code, and its message if
// that names an action or a resource, which an operator needs to know.
func RedactAPIError(code, message string) string {
	switch code {
	case "AccessDeniedException", "ResourceNotFoundException":
		return code + ": " + message
	}
	return code
}

// A redactedError replaces the text of the error that it wraps.
type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.err }
