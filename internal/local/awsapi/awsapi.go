// Package awsapi provides the APIs of AWS that clients reach if their AWS_ENDPOINT_URL names this
// machine: Lambda's Invoke, EventBridge's PutEvents and the reading operations of SSM's Parameter
// Store, all at one address.
package awsapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"orders/internal/local/lambda"
	"orders/internal/strictjson"
)

// Endpoints serve the APIs. The fields must not be changed once requests are served. It is safe for
// concurrent use if what it calls is.
type Endpoints struct {
	// Region is part of ARNs.
	Region string
	// Functions are the functions that can be invoked, by name.
	Functions map[string]*lambda.Function
	// Async starts an asynchronous invocation and returns at once. It is responsible for retries
	// and owns payload.
	Async func(f *lambda.Function, payload []byte)
	// Events receives the entries of PutEvents.
	Events Events
	// Parameters are the values of the Parameter Store by full name.
	Parameters map[string]string
	// Started is the time of the parameters' last modification.
	Started time.Time
	// Now is the time of events that have none; nil means time.Now.
	Now func() time.Time
}

// Register adds the patterns of AWS clients to mux:
//
//	POST /{$}                                           EventBridge and SSM, by X-Amz-Target
//	POST /2015-03-31/functions/{function}/invocations   Lambda
func (e *Endpoints) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /{$}", e.serveTarget)
	mux.HandleFunc("POST /2015-03-31/functions/{function}/invocations", e.serveInvoke)
}

func (e *Endpoints) now() time.Time {
	if e.Now != nil {
		return e.Now()
	}
	return time.Now()
}

// maxBody is the largest body of EventBridge and SSM requests, in bytes. It has room for 1 MiB of
// events in which every byte is escaped.
const maxBody = 8 << 20

// serveTarget implements AWS's JSON 1.1 protocol: one path, with the operation in a header.
func (e *Endpoints) serveTarget(w http.ResponseWriter, r *http.Request) {
	const contentType = "application/x-amz-json-1.1"
	output, err := e.operate(r)
	if err != nil {
		known := asAPIError(err)
		writeJSON(w, contentType, known.status, map[string]string{"__type": known.code, "message": known.message})
		return
	}
	writeJSON(w, contentType, http.StatusOK, output)
}

func (e *Endpoints) operate(r *http.Request) (output any, err error) {
	body, err := readBody(r, maxBody)
	if errors.Is(err, errTooLarge) {
		return nil, &apiError{http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "The request is too large."}
	}
	if err != nil {
		return nil, err
	}
	switch r.Header.Get("X-Amz-Target") {
	case "AWSEvents.PutEvents":
		return decode(body, e.putEvents)
	case "AmazonSSM.GetParameter":
		return decode(body, e.getParameter)
	case "AmazonSSM.GetParameters":
		return decode(body, e.getParameters)
	case "AmazonSSM.GetParametersByPath":
		return decode(body, e.getParametersByPath)
	}
	return nil, &apiError{http.StatusBadRequest, "UnknownOperationException",
		"Only PutEvents, GetParameter, GetParameters and GetParametersByPath are supported."}
}

// decode calls an operation with its input.
func decode[Input, Output any](body []byte, operation func(Input) (Output, error)) (any, error) {
	var input Input
	if err := json.Unmarshal(body, &input); err != nil {
		return nil, &apiError{http.StatusBadRequest, "SerializationException", "The request is not valid JSON for the operation."}
	}
	return operation(input)
}

// An apiError is an error response of AWS. Its message never contains anything of a payload or an
// event, which may be personal data.
type apiError struct {
	status  int
	code    string
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func invalid(message string) *apiError {
	return &apiError{http.StatusBadRequest, "ValidationException", "1 validation error detected: " + message}
}

// asAPIError returns err as an error response; any error that is not one becomes an internal error.
func asAPIError(err error) *apiError {
	if known, ok := errors.AsType[*apiError](err); ok {
		return known
	}
	return &apiError{http.StatusInternalServerError, "InternalFailure", "The request could not be handled."}
}

var errTooLarge = errors.New("request too large")

// readBody returns the body, or errTooLarge if it has more than limit bytes. It then reads on for a
// while without keeping anything, because a client that still sends would see a broken connection
// instead of the error.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	const discarded = 64 << 20
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, &apiError{http.StatusBadRequest, "IncompleteBody", "The request body could not be read."}
	}
	if int64(len(body)) > limit {
		_, _ = io.CopyN(io.Discard, r.Body, discarded)
		return nil, errTooLarge
	}
	return body, nil
}

// writeJSON responds with value, without HTML escaping.
func writeJSON(w http.ResponseWriter, contentType string, status int, value any) {
	body, err := strictjson.Marshal(value)
	if err != nil {
		http.Error(w, "{}", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only if the client has gone
}
