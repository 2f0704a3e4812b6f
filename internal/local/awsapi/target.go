package awsapi

import (
	"encoding/json"
	"errors"
	"net/http"
)

// maxBody bounds the body of EventBridge and SSM requests: room for 1 MiB of
// events even when every byte of them is escaped.
const maxBody = 8 << 20

const jsonProtocol = "application/x-amz-json-1.1"

// serveTarget is the JSON 1.1 protocol of AWS: one path, the operation named
// by a header.
func (e *Endpoints) serveTarget(w http.ResponseWriter, r *http.Request) {
	answer, err := e.operate(r)
	if err != nil {
		f := asFault(err)
		writeJSON(w, jsonProtocol, f.status, map[string]string{"__type": f.code, "message": f.message})
		return
	}
	writeJSON(w, jsonProtocol, http.StatusOK, answer)
}

func (e *Endpoints) operate(r *http.Request) (any, error) {
	body, err := readBody(r, maxBody)
	if errors.Is(err, errTooLarge) {
		return nil, &fault{http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "The request is too large."}
	}
	if err != nil {
		return nil, err
	}
	switch r.Header.Get("X-Amz-Target") {
	case "AWSEvents.PutEvents":
		return decoded(body, e.putEvents)
	case "AmazonSSM.GetParameter":
		return decoded(body, e.getParameter)
	case "AmazonSSM.GetParameters":
		return decoded(body, e.getParameters)
	case "AmazonSSM.GetParametersByPath":
		return decoded(body, e.getParametersByPath)
	}
	return nil, &fault{http.StatusBadRequest, "UnknownOperationException",
		"Only PutEvents, GetParameter, GetParameters and GetParametersByPath are served here."}
}

// decoded hands an operation its input.
func decoded[Input, Output any](body []byte, operation func(Input) (Output, error)) (any, error) {
	var input Input
	if err := json.Unmarshal(body, &input); err != nil {
		return nil, &fault{http.StatusBadRequest, "SerializationException", "The request is not the JSON that the operation takes."}
	}
	return operation(input)
}
