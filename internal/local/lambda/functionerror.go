package lambda

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// FunctionError is an invocation that failed inside the function. Whether it
// is tried again is for the invoker to say, as on AWS.
type FunctionError struct {
	// Function is the name of the function.
	Function string
	// Type is Lambda's errorType: the Go type of the handler's error or panic
	// value, or one of Lambda's own such as "Sandbox.Timedout".
	Type string
	// Message is Lambda's errorMessage.
	Message string
	// Payload is the JSON that an invoker gets in place of an answer.
	Payload json.RawMessage
}

// Error names the function, the type and the message.
func (e *FunctionError) Error() string {
	return "function " + e.Function + ": " + e.Type + ": " + e.Message
}

func newError(function string, report messages.InvokeResponse_Error) *FunctionError {
	payload, err := json.Marshal(report)
	if err != nil { // strings and numbers only: they always marshal
		payload = []byte("{}")
	}
	return &FunctionError{
		Function: function,
		Type:     report.Type,
		Message:  report.Message,
		Payload:  payload,
	}
}

// returned tells of an error that the handler returned. A handler may choose
// the report itself by returning Lambda's own error value.
func returned(function string, err error) *FunctionError {
	//nolint:errorlint // Lambda does not look into wrapped errors either
	if report, ok := err.(messages.InvokeResponse_Error); ok {
		return newError(function, report)
	}
	return newError(function, messages.InvokeResponse_Error{Message: err.Error(), Type: typeName(err)})
}

func panicked(function string, value any) *FunctionError {
	if report, ok := value.(messages.InvokeResponse_Error); ok {
		return newError(function, report)
	}
	return newError(function, messages.InvokeResponse_Error{
		Message:    fmt.Sprint(value),
		Type:       typeName(value),
		StackTrace: stackTrace(),
	})
}

func timedOut(function, requestID string, after time.Duration) *FunctionError {
	return newError(function, messages.InvokeResponse_Error{
		Message: fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", requestID, after.Seconds()),
		Type:    "Sandbox.Timedout",
	})
}

func tooLarge(function string) *FunctionError {
	return newError(function, messages.InvokeResponse_Error{
		Message: fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxAnswer),
		Type:    "Function.ResponseSizeTooLarge",
	})
}

// typeName is the bare name of the value's type, pointers seen through: what
// aws-lambda-go reports as errorType.
func typeName(value any) string {
	t := reflect.TypeOf(value)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}
