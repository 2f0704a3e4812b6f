package lambdaruntime

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"orders/internal/local/lambda"
)

// failure is a function error in the words of Lambda itself.
func failure(name, kind, message string) *lambda.FunctionError {
	payload, err := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message})
	if err != nil { // strings always marshal
		payload = []byte("{}")
	}
	return &lambda.FunctionError{Function: name, Type: kind, Message: message, Payload: payload}
}

// readReport is a function error in the words of the function's runtime.
func readReport(name string, payload []byte) *lambda.FunctionError {
	var report messages.InvokeResponse_Error
	_ = json.Unmarshal(payload, &report) // what does not fit stays empty; the invoker gets the payload anyway
	return &lambda.FunctionError{Function: name, Type: report.Type, Message: report.Message, Payload: payload}
}

func timedOut(o Options, requestID string) *lambda.FunctionError {
	return failure(o.Name, "Sandbox.Timedout",
		fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", requestID, o.Timeout.Seconds()))
}

func initTimedOut(o Options) *lambda.FunctionError {
	return failure(o.Name, "Sandbox.Timedout", fmt.Sprintf("Error: Init timed out after %.2f seconds", o.InitTimeout.Seconds()))
}

// exited tells of a process that has ended. The request id is empty before the first request.
func exited(name, requestID string, how *os.ProcessState) *lambda.FunctionError {
	message := "Error: Runtime exited without providing a reason"
	if !how.Success() {
		message = "Error: Runtime exited with error: " + how.String() // such as "exit status 1"
	}
	if requestID != "" {
		message = "RequestId: " + requestID + " " + message
	}
	return failure(name, "Runtime.ExitError", message)
}

func tooLarge(name string) *lambda.FunctionError {
	return failure(name, "Function.ResponseSizeTooLarge",
		fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", lambda.MaxAnswer))
}
