package lambdaruntime

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"orders/internal/local/lambda"
)

// newError returns a function error in the words of Lambda itself.
func newError(name, kind, message string) *lambda.FunctionError {
	payload, err := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message})
	if err != nil { // strings always marshal
		payload = []byte("{}")
	}
	return &lambda.FunctionError{Function: name, Type: kind, Message: message, Payload: payload}
}

// parseError returns a function error in the words of the function's runtime.
func parseError(name string, payload []byte) *lambda.FunctionError {
	var e messages.InvokeResponse_Error
	_ = json.Unmarshal(payload, &e) // what cannot be read stays empty; the caller gets the payload anyway
	return &lambda.FunctionError{Function: name, Type: e.Type, Message: e.Message, Payload: payload}
}

func timedOut(o Options, requestID string) *lambda.FunctionError {
	return newError(o.Name, "Sandbox.Timedout",
		fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", requestID, o.Timeout.Seconds()))
}

func initTimedOut(o Options) *lambda.FunctionError {
	return newError(o.Name, "Sandbox.Timedout", fmt.Sprintf("Error: Init timed out after %.2f seconds", o.InitTimeout.Seconds()))
}

// exited returns the error of a process that has ended. The request ID is empty before the first
// event.
func exited(name, requestID string, how *os.ProcessState) *lambda.FunctionError {
	message := "Error: Runtime exited without providing a reason"
	if !how.Success() {
		message = "Error: Runtime exited with error: " + how.String() // such as "exit status 1"
	}
	if requestID != "" {
		message = "RequestId: " + requestID + " " + message
	}
	return newError(name, "Runtime.ExitError", message)
}

func tooLarge(name string) *lambda.FunctionError {
	return newError(name, "Function.ResponseSizeTooLarge",
		fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", lambda.MaxResponse))
}
