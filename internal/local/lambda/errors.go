package lambda

import (
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// A FunctionError is an invocation that failed inside the function. The invoker decides whether to
// retry, as on AWS.
type FunctionError struct {
	Function string          // the function's name
	Type     string          // errorType: the Go type of the error or panic value, or Lambda's own such as "Sandbox.Timedout"
	Message  string          // errorMessage
	Payload  json.RawMessage // what an invoker receives in place of a response
}

// Error returns the function's name, the type and the message.
func (e *FunctionError) Error() string {
	return "function " + e.Function + ": " + e.Type + ": " + e.Message
}

func newError(function string, report messages.InvokeResponse_Error) *FunctionError {
	payload, err := json.Marshal(report)
	if err != nil { // strings and numbers only: they always marshal
		payload = []byte("{}")
	}
	return &FunctionError{Function: function, Type: report.Type, Message: report.Message, Payload: payload}
}

// returned is the error of a handler that returned one. A handler may choose the report itself, by
// returning Lambda's own error value.
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
		Message: fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxResponse),
		Type:    "Function.ResponseSizeTooLarge",
	})
}

// typeName returns what aws-lambda-go reports as errorType: the bare name of the value's type, or
// of the type that a pointer points to.
func typeName(value any) string {
	t := reflect.TypeOf(value)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// maxFrames is how much of a stack aws-lambda-go reports.
const maxFrames = 32

// stackTrace returns the stack of the panic being recovered, the panic on top. It must be called by
// panicked, called by the deferred function that recovers: these three and runtime.Callers itself
// are left out.
func stackTrace() []*messages.InvokeResponse_Error_StackFrame {
	const own = 4
	callers := make([]uintptr, maxFrames)
	frames := runtime.CallersFrames(callers[:runtime.Callers(own, callers)])

	var trace []*messages.InvokeResponse_Error_StackFrame
	for {
		frame, more := frames.Next()
		trace = append(trace, stackFrame(frame))
		if !more {
			return trace
		}
	}
}

// stackFrame names the file by its package, not by its path on the machine that built it.
func stackFrame(frame runtime.Frame) *messages.InvokeResponse_Error_StackFrame {
	directory, name := path.Split(frame.Function)
	pkg, label, _ := strings.Cut(name, ".")
	return &messages.InvokeResponse_Error_StackFrame{
		Path:  directory + pkg + "/" + path.Base(frame.File),
		Line:  int32(frame.Line),
		Label: label,
	}
}
