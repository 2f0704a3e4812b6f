package eventbus

import (
	"errors"
	"net/http"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A failure says why the bus did not accept an event. The text of err contains nothing of the
// event's detail.
type failure struct {
	kind kind
	err  error
}

// A kind says how to go on after a failure.
type kind int

const (
	transient    kind = iota // a retry may succeed, if only after an operator has changed something
	permanent                // a retry can never succeed
	unattributed             // one event of the request has a permanent failure; sending each alone shows which
)

// requestFailure returns what the failure of a whole request means for each of its events.
func requestFailure(err error, events int) *failure {
	var code string
	if apiError, ok := errors.AsType[smithy.APIError](err); ok {
		code = apiError.ErrorCode()
	}
	var status int
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		status = response.HTTPStatusCode()
	}
	k := kindOf(code, status)
	if k == permanent && events > 1 {
		k = unattributed
	}
	return &failure{k, err}
}

// kindOf classifies the error code of an entry or a request, and the HTTP status of a request.
// Whatever it does not know is transient: an event must not be lost to a new name of an old fault.
func kindOf(code string, status int) kind {
	switch code {
	case "MalformedDetail", "InvalidArgument", "RedactionFailure",
		"ValidationException", "ValidationError", "SerializationException", "InvalidParameterValue":
		return permanent
	}
	if status == http.StatusRequestEntityTooLarge {
		return permanent
	}
	return transient
}
