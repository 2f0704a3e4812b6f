// Package standin plays the neighbours of the orders service on one machine:
// delivery pricing, products, payment and users answer its checks, and a
// warehouse and a delivery fulfil what it stores.
//
// The stand-ins read the contract on their own and share no code with the
// service, so that a slip in the service is not repeated here. None of them
// checks signatures: whoever mounts a handler does that, and strips the base
// path, so that a request to {base}/backend/validate arrives here as
// /backend/validate. Every handler is safe for concurrent use.
package fakepeers

import (
	"encoding/json"
	"net/http"
)

// maxBody is far above what the service may send: it refuses orders over
// 128 KiB itself.
const maxBody = 1 << 20

// message is the body of every refusal, and of a yes with nothing else to tell.
type message struct {
	Text string `json:"message"`
}

// route serves POST path with what answer makes of the body, or 400 with the
// error's text. Anything else gets what API Gateway says about a route that it
// does not know, whatever the method.
func route(path string, answer func(object) (any, error)) http.Handler {
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
		result, err := answer(body)
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
	// An error here means that the caller has gone: there is nobody to tell.
	_ = encoder.Encode(body)
}
