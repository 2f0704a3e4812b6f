// Package fakepeers provides fakes of the peers of the orders service: delivery-pricing, products,
// payment and users check orders, and warehouse and delivery fulfil them.
//
// The fakes implement the contract independently and share no domain code with the service, so that a
// mistake in the service is not repeated here. They do not check signatures: whoever mounts a handler
// does that, and strips the base path, so that a request to {base}/backend/validate arrives here as
// /backend/validate. Every handler is safe for concurrent use.
package fakepeers

import (
	"encoding/json"
	"net/http"
)

// maxBody is far above what the service sends, because it rejects orders over 128 KiB.
const maxBody = 1 << 20

// A message is the body of every error, and of a success without any other data.
type message struct {
	Text string `json:"message"`
}

// route returns a handler that responds to POST path with the result of respond, or with 400 and the
// text of its error. To any other request it responds as API Gateway does to unknown routes.
func route(path string, respond func(object) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != path {
			writeJSON(w, http.StatusForbidden, message{"Missing Authentication Token"})
			return
		}
		body, err := readObject(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			writeJSON(w, http.StatusBadRequest, message{err.Error()})
			return
		}
		result, err := respond(body)
		if err != nil {
			writeJSON(w, http.StatusBadRequest, message{err.Error()})
			return
		}
		writeJSON(w, http.StatusOK, result)
	})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body) // fails only if the caller has gone
}
