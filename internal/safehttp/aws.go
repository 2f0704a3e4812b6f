package safehttp

import (
	"context"
	"errors"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// Calls redacts the errors of all calls of an AWS client; it is one of the client's APIOptions. A service's message may
// repeat a value that it was sent, and the SDK quotes the piece of an answer that it could not read. It sits inside
// everything that logs, traces or wraps an error. What the error is stays to be found by errors.As and errors.Is.
func Calls(stack *middleware.Stack) error {
	redact := func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
		middleware.DeserializeOutput, middleware.Metadata, error,
	) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		return out, metadata, call(err)
	}
	return stack.Deserialize.Insert(middleware.DeserializeMiddlewareFunc("Redact", redact), "OperationDeserializer", middleware.Before)
}

// call is err with a text that holds nothing of the request or of its answer.
func call(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return &redacted{"the answer could not be read", err}
	}
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		return &redacted{Refusal(refusal.ErrorCode(), refusal.ErrorMessage()), err}
	}
	return &redacted{Exchange(err).Error(), err}
}

// Refusal is what may be told of an AWS service's refusal: its code, and its message where that names an action or a
// resource, and so what an operator has to mend.
func Refusal(code, message string) string {
	switch code {
	case "AccessDeniedException", "ResourceNotFoundException":
		return code + ": " + message
	}
	return code
}

// A redacted error is one whose own text is not to be told.
type redacted struct {
	text string
	err  error
}

func (e *redacted) Error() string { return e.text }
func (e *redacted) Unwrap() error { return e.err }
