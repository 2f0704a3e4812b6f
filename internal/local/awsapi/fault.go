package awsapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// fault is an error in the words of AWS. Its message never repeats what a
// payload or an event carries: that may be somebody's address.
type fault struct {
	status  int
	code    string
	message string
}

func (f *fault) Error() string { return f.code + ": " + f.message }

func invalid(message string) *fault {
	return &fault{http.StatusBadRequest, "ValidationException", "1 validation error detected: " + message}
}

// asFault makes sure that a client is told something that it can read.
func asFault(err error) *fault {
	if known, ok := errors.AsType[*fault](err); ok {
		return known
	}
	return &fault{http.StatusInternalServerError, "InternalFailure", "The request could not be handled."}
}

var errTooLarge = errors.New("the request is too large")

// readBody reads no more than limit bytes into memory. What comes after is
// thrown away, up to a second bound: a client that is still sending would see
// a broken connection and not the refusal.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	const thrownAway = 64 << 20
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, &fault{http.StatusBadRequest, "IncompleteBody", "The request body could not be read."}
	}
	if int64(len(body)) > limit {
		_, _ = io.CopyN(io.Discard, r.Body, thrownAway)
		return nil, errTooLarge
	}
	return body, nil
}

// writeJSON answers value without HTML escaping. An error in writing means
// that the client has gone, and there is nobody left to tell.
func writeJSON(w http.ResponseWriter, contentType string, status int, value any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		http.Error(w, "{}", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(bytes.TrimSuffix(body.Bytes(), []byte("\n")))
}
