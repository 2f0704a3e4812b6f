package sqs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"orders/internal/strictjson"
)

// maxRequest is the largest request body in bytes: a message of 1 MiB in which every byte is
// escaped.
const maxRequest = 8 << 20

// target is what X-Amz-Target begins with in a request to SQS.
const target = "AmazonSQS."

// IsRequest reports whether a request is one of SQS's JSON protocol.
func IsRequest(r *http.Request) bool { return strings.HasPrefix(r.Header.Get("X-Amz-Target"), target) }

// operations are the operations of SQS's API that the service has.
var operations = map[string]func(s *Service, r *http.Request, body []byte) (any, error){
	"ChangeMessageVisibility": operation((*Service).changeMessageVisibility),
	"DeleteMessage":           operation((*Service).deleteMessage),
	"DeleteMessageBatch":      operation((*Service).deleteMessageBatch),
	"GetQueueAttributes":      operation((*Service).getQueueAttributes),
	"GetQueueUrl":             operation((*Service).getQueueURL),
	"ListMessageMoveTasks":    operation((*Service).listMessageMoveTasks),
	"ListQueues":              operation((*Service).listQueues),
	"ReceiveMessage":          operation((*Service).receiveMessage),
	"SendMessage":             operation((*Service).sendMessage),
	"StartMessageMoveTask":    operation((*Service).startMessageMoveTask),
}

// operation returns a function that decodes the input of an operation and calls it.
func operation[Input any](call func(s *Service, r *http.Request, in Input) (any, error)) func(*Service, *http.Request, []byte) (any, error) {
	return func(s *Service, r *http.Request, body []byte) (any, error) {
		var in Input
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, &apiError{code: "com.amazon.coral.service#SerializationException", message: "The request is not valid JSON for the operation."}
		}
		return call(s, r, in)
	}
}

// ServeHTTP serves SQS's API in its JSON protocol, which the AWS CLI v2, boto3 and the SDKs use:
// the path does not matter, the header X-Amz-Target names the operation. The caller checks
// signatures.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	output, err := s.operate(r)
	if err == nil {
		respond(w, http.StatusOK, output)
		return
	}
	known, ok := errors.AsType[*apiError](err)
	if !ok {
		s.log.Error("SQS request failed", "operation", r.Header.Get("X-Amz-Target"), "error", err.Error())
		known = &apiError{status: http.StatusInternalServerError, code: "com.amazon.coral.service#InternalFailure", message: "The request could not be handled."}
	}
	if known.query != "" {
		w.Header().Set("X-Amzn-Query-Error", known.query+";Sender")
	}
	respond(w, max(known.status, http.StatusBadRequest), map[string]string{"__type": known.code, "message": known.message})
}

func (s *Service) operate(r *http.Request) (any, error) {
	name := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), target)
	call, ok := operations[name]
	if !ok {
		supported := slices.Sorted(maps.Keys(operations))
		return nil, &apiError{code: "com.amazon.coral.service#UnknownOperationException", query: "InvalidAction",
			message: fmt.Sprintf("Unsupported operation. Supported: %s.", strings.Join(supported, ", "))}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	if err != nil {
		return nil, &apiError{code: "com.amazon.coral.service#SerializationException", message: "The request body could not be read."}
	}
	if len(body) > maxRequest {
		return nil, &apiError{status: http.StatusRequestEntityTooLarge, code: "com.amazon.coral.service#SerializationException", message: "The request is too large."}
	}
	return call(s, r, body)
}

func respond(w http.ResponseWriter, status int, value any) {
	body, err := strictjson.Marshal(value)
	if err != nil {
		http.Error(w, "{}", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only if the client has gone
}

// An apiError is an error response. Its message contains nothing of any message body.
type apiError struct {
	status  int // 0: 400
	code    string
	query   string // the code in SQS's older protocol, which some SDKs report
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func invalidParameter(message string) *apiError {
	return &apiError{code: "com.amazonaws.sqs#InvalidParameterValueException", query: "InvalidParameterValue", message: message}
}

func missingParameter(name string) *apiError {
	return &apiError{code: "com.amazonaws.sqs#MissingParameterException", query: "MissingParameter",
		message: "The request must contain the parameter " + name + "."}
}

var errQueueDoesNotExist = &apiError{code: "com.amazonaws.sqs#QueueDoesNotExist", query: "AWS.SimpleQueueService.NonExistentQueue",
	message: "The specified queue does not exist."}
