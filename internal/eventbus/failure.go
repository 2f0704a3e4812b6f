package eventbus

import (
	"errors"
	"net/http"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A failure is why the bus did not accept an event. The text of err holds nothing of the event's detail.
type failure struct {
	verdict verdict
	err     error
}

// A verdict is what a failure means for the next try.
type verdict int

const (
	again    verdict = iota // it may pass the next time
	mendable                // it passes once an operator has mended something: hardly within this call
	hopeless                // it can never pass
	suspect                 // one event of its request can never pass; which one shows when each is sent alone
)

// requestFailure is what the failure of a whole request of several events, or of one, means for each.
func requestFailure(err error, events int) *failure {
	var code string
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		code = refusal.ErrorCode()
	}
	var status int
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		status = answer.HTTPStatusCode()
	}
	v := verdictOf(code, status)
	if v == hopeless && events > 1 {
		v = suspect
	}
	return &failure{v, err}
}

// verdictOf judges by the code that the bus gave for an entry or a request, and a request's HTTP status. Whatever it
// does not know is worth another try: an event must not be given up for a new name of a passing trouble.
func verdictOf(code string, status int) verdict {
	switch code {
	case "MalformedDetail", "InvalidArgument", "RedactionFailure",
		"ValidationException", "ValidationError", "SerializationException", "InvalidParameterValue":
		return hopeless
	case "AccessDenied", "AccessDeniedException", "NotAuthorized", "NotAuthorizedForSourceException",
		"NotAuthorizedForDetailTypeException", "OptInRequired", "InvalidAccountIdException",
		"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException",
		"MissingAuthenticationToken", "IncompleteSignature", "InvalidSignatureException", "SignatureDoesNotMatch",
		"ResourceNotFoundException":
		return mendable
	}
	switch status {
	case http.StatusRequestEntityTooLarge:
		return hopeless
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return mendable
	}
	return again
}
