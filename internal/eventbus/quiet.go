package eventbus

import (
	"context"
	"errors"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// hideDetails keeps what is in events out of error texts. EventBridge's messages may repeat what they find fault with,
// and the SDK quotes the piece of an answer that it could not read. It sits inside everything that logs, traces or
// wraps an error.
func hideDetails(stack *middleware.Stack) error {
	hide := func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
		middleware.DeserializeOutput, middleware.Metadata, error,
	) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		return out, metadata, quiet(err)
	}
	return stack.Deserialize.Insert(middleware.DeserializeMiddlewareFunc("HideDetails", hide), "OperationDeserializer", middleware.Before)
}

// quiet is err with a text that holds nothing of an event. What went wrong on the network says nothing of events.
func quiet(err error) error {
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return &quietError{"the answer could not be read", err}
	}
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		return &quietError{describe(refusal.ErrorCode(), refusal.ErrorMessage()), err}
	}
	return err
}

// describe is a refusal's code, with its message where that names an action or a bus and is of use.
func describe(code, message string) string {
	switch code {
	case "AccessDeniedException", "ResourceNotFoundException":
		return code + ": " + message
	}
	return code
}

// A quietError is an error whose own text is not for logs.
type quietError struct {
	text string
	err  error
}

func (e *quietError) Error() string { return e.text }
func (e *quietError) Unwrap() error { return e.err }
