// Package fakepeers provides fakes of the peers of the orders service: delivery-pricing, products,
// payment and users check orders, and warehouse and delivery fulfil them.
//
// The fakes implement the peers' APIs independently and share no domain code with the service, so
// that a mistake in the service is not repeated here. They do not check signatures: whoever mounts
// a handler does that, and strips the base path, so that a request to {base}/backend/validate
// arrives here as /backend/validate. Every handler is safe for concurrent use.
package fakepeers

import (
	"io"
	"math"
	"net/http"
	"strings"

	"orders/internal/strictjson"
)

const (
	// maxBody is far above what the service sends, because it rejects orders over 128 KiB.
	maxBody = 1 << 20

	maxInteger = math.MaxInt32 // the largest integer of the platform
	maxItems   = maxBody       // any array that fits into a body
)

// A message is the body of every error, and of a success without any other data.
type message struct {
	Text string `json:"message"`
}

// route returns a handler that responds to POST path with the result of respond, or with 400 and
// what is wrong with the body. respond must change nothing if the body has errors. To any other
// request the handler responds as API Gateway does to unknown routes.
func route(path string, respond func(body strictjson.Object) any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != path {
			writeJSON(w, http.StatusForbidden, message{"Missing Authentication Token"})
			return
		}
		data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			writeJSON(w, http.StatusBadRequest, message{"the body must have at most 1 MiB"})
			return
		}
		body, err := strictjson.Parse(data)
		if err != nil {
			writeJSON(w, http.StatusBadRequest, message{err.Error()})
			return
		}
		result := respond(body)
		if errs := body.Errors(); len(errs) > 0 {
			writeJSON(w, http.StatusBadRequest, message{strings.Join(errs, "; ")})
			return
		}
		writeJSON(w, http.StatusOK, result)
	})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	data, err := strictjson.Marshal(body)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte("{}")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) // fails only if the caller has gone
}
