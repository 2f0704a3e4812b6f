package awsapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"orders/internal/local/lambda"
)

// Lambda's limits on a payload, in bytes.
const (
	maxPayload      = 6 << 20
	maxAsyncPayload = 1 << 20
)

// serveInvoke is Lambda's Invoke. Any account, region and qualifier in the
// name is taken for this machine's own; LogType and the client context are
// ignored.
func (e *Endpoints) serveInvoke(w http.ResponseWriter, r *http.Request) {
	if err := e.invoke(w, r); err != nil {
		f := asFault(err)
		kind := "User"
		if f.status >= http.StatusInternalServerError {
			kind = "Service"
		}
		w.Header().Set("X-Amzn-Errortype", f.code)
		writeJSON(w, "application/json", f.status, map[string]string{"Type": kind, "Message": f.message})
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
	// Lambda finishes what it has begun although the client hangs up; the
	// function's own timeout bounds it.
	answer, err := f.Invoke(context.WithoutCancel(r.Context()), payload)
	if failed, ok := errors.AsType[*lambda.FunctionError](err); ok {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		answer = failed.Payload
	} else if err != nil {
		return err
	}
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer)
	return nil
}

// readPayload answers JSON of at most limit bytes; no payload counts as {}.
func readPayload(r *http.Request, limit int64) ([]byte, error) {
	payload, err := readBody(r, limit)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, &fault{http.StatusRequestEntityTooLarge, "RequestTooLargeException",
			fmt.Sprintf("Request must be smaller than %d bytes for the InvokeFunction operation", limit)}
	case err != nil:
		return nil, err
	case len(payload) == 0:
		return []byte("{}"), nil
	case !json.Valid(payload) || !utf8.Valid(payload):
		return nil, &fault{http.StatusBadRequest, "InvalidRequestContentException",
			"Could not parse request body into json: the payload is not JSON in UTF-8"}
	}
	return payload, nil
}
