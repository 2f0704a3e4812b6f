package sigv4

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// maxBody is how much of a body is read to be checked, in bytes: API Gateway's
// own limit.
const maxBody = 10 << 20

// Require lets through to next only requests that Verify accepts, with their
// bodies unread. It answers the others as API Gateway does: 403, or 413 if the
// body is larger than 10 MiB, or 400 if it cannot be read; always with
// {"message": ...} and the header x-amzn-ErrorType.
func (v Verifier) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err == nil {
			err = v.Verify(r, body)
		}
		if err != nil {
			refuse(w, err)
			return
		}
		checked := r.WithContext(r.Context()) // a handler must not change r itself
		checked.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, checked)
	})
}

func refuse(w http.ResponseWriter, err error) {
	status := http.StatusForbidden
	refusal, ok := errors.AsType[*Refusal](err)
	if !ok {
		status, refusal = http.StatusBadRequest, &Refusal{"BadRequestException", "Bad Request"}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		status, refusal = http.StatusRequestEntityTooLarge, &Refusal{"RequestTooLargeException", "Request Too Long"}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", refusal.Type)
	w.WriteHeader(status)
	// A client that is gone cannot be told; the refusal stands.
	_ = json.NewEncoder(w).Encode(map[string]string{"message": refusal.Message})
}
