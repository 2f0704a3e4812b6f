package peer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"orders/internal/order"
)

// maxAnswerBytes bounds what is read of an answer. A peer that says more is out of its mind, and must not take this
// service's memory with it.
const maxAnswerBytes = 1 << 20

// An endpoint is where one peer takes questions.
type endpoint struct {
	peer  string // as messages name it
	url   string
	calls Calls
}

func newEndpoint(peer, baseURL, path string, calls Calls) endpoint {
	return endpoint{peer: peer, url: strings.TrimRight(baseURL, "/") + path, calls: calls}
}

// ask puts a question and returns the answer, or an Unchecked error if there was none that makes sense.
func (e endpoint) ask(ctx context.Context, question any) (answer, error) {
	if e.calls.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, e.calls.Timeout)
		defer cancel()
	}
	body, err := encode(question)
	if err != nil {
		return nil, e.unchecked(err)
	}
	content, err := e.call(ctx, body)
	if err != nil {
		return nil, e.unchecked(err)
	}
	a, err := parseAnswer(content)
	if err != nil {
		return nil, e.unchecked(err)
	}
	return a, nil
}

// call sends one request and returns the content of the answer, if that is a 200. It uses the transport without an
// http.Client on top, which would follow redirects. The answer is read to its end whatever its status, so that the
// connection can be used again.
func (e endpoint) call(ctx context.Context, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("its URL cannot be used")
	}
	request.Header.Set("Content-Type", "application/json")
	// Without a value this is not sent, but tells http.Transport that the request may be repeated if it was sent on a
	// kept connection which the peer has closed meanwhile: the rule after a function was frozen for some minutes.
	request.Header["Idempotency-Key"] = nil

	response, err := e.calls.Transport.RoundTrip(request)
	if err != nil {
		return nil, safeCause(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	switch {
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("answered with status %d", response.StatusCode)
	case err != nil:
		return nil, fmt.Errorf("broke off its answer: %w", safeCause(err))
	case len(content) > maxAnswerBytes:
		return nil, fmt.Errorf("answered with more than %d bytes", maxAnswerBytes)
	}
	return content, nil
}

// encode writes JSON as everywhere in this service, without HTML escaping.
func encode(question any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(question); err != nil {
		return nil, fmt.Errorf("encode the question: %w", err)
	}
	return text.Bytes(), nil
}

// unchecked is the error of a check that could not be made.
func (e endpoint) unchecked(cause error) error {
	return &order.Error{
		Kind:    order.Unchecked,
		Message: "Failure to contact the " + e.peer + " service",
		Err:     fmt.Errorf("%s: %w", e.peer, cause),
	}
}

// refused is the error of a check that said no.
func refused(message string) error {
	return &order.Error{Kind: order.Refused, Message: message}
}
