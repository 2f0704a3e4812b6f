package awsapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"unicode/utf8"

	"github.com/google/uuid"

	"orders/internal/local/lambda"
)

// Lambda's limits on a payload, in bytes.
const (
	maxPayload      = 6 << 20
	maxAsyncPayload = 1 << 20
)

// serveInvoke is Lambda's Invoke. Any account and region in the name are accepted; the client
// context is ignored.
func (e *Endpoints) serveInvoke(w http.ResponseWriter, r *http.Request) {
	if err := e.invoke(w, r); err != nil {
		writeError(w, r, err)
	}
}

func (e *Endpoints) invoke(w http.ResponseWriter, r *http.Request) error {
	f, err := e.find(r)
	if err != nil {
		return err
	}
	switch r.Header.Get("X-Amz-Invocation-Type") {
	case "", "RequestResponse":
		return e.invokeNow(w, r, f)
	case "Event":
		payload, err := readPayload(r, maxAsyncPayload)
		if err != nil {
			return err
		}
		e.Async(f, payload)
		w.WriteHeader(http.StatusAccepted)
		return nil
	case "DryRun":
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return invalid("Value at 'invocationType' failed to satisfy constraint: " +
		"Member must satisfy enum value set: [Event, DryRun, RequestResponse]")
}

func (e *Endpoints) invokeNow(w http.ResponseWriter, r *http.Request, f *lambda.Function) error {
	payload, err := readPayload(r, maxPayload)
	if err != nil {
		return err
	}
	// Lambda finishes an invocation although the client disconnects. The function's timeout bounds
	// it.
	requestID := uuid.NewString()
	ctx := lambda.ContextWithRequestID(context.WithoutCancel(r.Context()), requestID)
	response, err := f.Invoke(ctx, payload)
	if failed, ok := errors.AsType[*lambda.FunctionError](err); ok {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		response = failed.Payload
	} else if err != nil {
		return err
	}
	if r.Header.Get("X-Amz-Log-Type") == "Tail" {
		w.Header().Set("X-Amz-Log-Result", logResult(e.Logs(requestID)))
	}
	w.Header().Set("X-Amzn-Requestid", requestID)
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(response) // fails only if the client has gone
	return nil
}

// logResult returns the last 4 KB of an invocation's log, from the beginning of a line, in base64.
func logResult(log []byte) string {
	const limit = 4 << 10
	if len(log) > limit {
		log = log[len(log)-limit:]
		log = log[bytes.IndexByte(log, '\n')+1:]
	}
	return base64.StdEncoding.EncodeToString(log)
}

// readPayload returns JSON of at most limit bytes; an empty payload counts as {}.
func readPayload(r *http.Request, limit int64) ([]byte, error) {
	payload, err := readBody(r, limit)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, &apiError{http.StatusRequestEntityTooLarge, "RequestTooLargeException",
			fmt.Sprintf("Request must be smaller than %d bytes for the InvokeFunction operation", limit)}
	case err != nil:
		return nil, err
	case len(payload) == 0:
		return []byte("{}"), nil
	case !json.Valid(payload) || !utf8.Valid(payload):
		return nil, &apiError{http.StatusBadRequest, "InvalidRequestContentException",
			"Could not parse request body into json: the payload is not JSON in UTF-8"}
	}
	return payload, nil
}

// functionName matches a name, a partial ARN or an ARN, each with an optional qualifier.
var functionName = regexp.MustCompile(
	`^(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:)?(?:\d{12}:)?(?:function:)?([a-zA-Z0-9_-]+)(?::(\$LATEST|[a-zA-Z0-9_-]+))?$`)

// find returns the function that the request names. Its only version is $LATEST, to which the alias
// live points.
func (e *Endpoints) find(r *http.Request) (*lambda.Function, error) {
	parts := functionName.FindStringSubmatch(r.PathValue("function"))
	if parts == nil {
		return nil, invalid("Value at 'functionName' failed to satisfy constraint: Member must be a function's name or ARN")
	}
	name, inName, inQuery := parts[1], parts[2], r.URL.Query().Get("Qualifier")
	if inName != "" && inQuery != "" && inName != inQuery {
		return nil, &apiError{http.StatusBadRequest, "InvalidParameterValueException",
			"The derived qualifier from the function name does not match the specified qualifier."}
	}
	missing := lambda.Function{Name: name, Region: e.Region}
	arn := missing.ARN()
	switch qualifier := cmp.Or(inName, inQuery); qualifier {
	case "", "$LATEST", "live":
		if f, ok := e.Functions[name]; ok {
			return f, nil
		}
	default:
		arn += ":" + qualifier
	}
	return nil, &apiError{http.StatusNotFound, "ResourceNotFoundException", "Function not found: " + arn}
}
