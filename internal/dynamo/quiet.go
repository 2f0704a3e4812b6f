package dynamo

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// hideValues keeps the contents of items out of error texts. DynamoDB's messages may repeat a value that it was
// sent, and the SDK quotes the piece of an answer that it could not read. It sits inside everything that logs,
// traces or wraps an error.
func hideValues(stack *middleware.Stack) error {
	hide := func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
		middleware.DeserializeOutput, middleware.Metadata, error,
	) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		return out, metadata, quiet(err)
	}
	return stack.Deserialize.Insert(middleware.DeserializeMiddlewareFunc("HideValues", hide), "OperationDeserializer", middleware.Before)
}

// quiet is err with a text that holds nothing of an item.
func quiet(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return &quietError{"the answer could not be read", err}
	}
	failure, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return &quietError{networkText(err), err}
	}
	text := failure.ErrorCode()
	switch text {
	case "AccessDeniedException", "ResourceNotFoundException": // these name an action or a table, and are of use
		text += ": " + failure.ErrorMessage()
	}
	return &quietError{text, err}
}

// networkText is what became of a request that got no answer. net/http's own errors quote the answer that they cannot
// read, one that came too late included, and whoever gave that may have repeated the request.
func networkText(err error) string {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if failed, ok := errors.AsType[*net.OpError](err); ok { // addresses and what the system says: refused, reset, unknown host
		return failed.Error()
	}
	return "no well-formed HTTP answer came"
}

// A quietError is an error whose own text is not for logs.
type quietError struct {
	text string
	err  error
}

func (e *quietError) Error() string { return e.text }
func (e *quietError) Unwrap() error { return e.err }
