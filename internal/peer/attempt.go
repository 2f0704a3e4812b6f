package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"orders/internal/order"
	"orders/internal/safehttp"
)

// maxAnswerBytes bounds what is read of an answer. A peer that says more is out of its mind, and must not take this
// service's memory with it.
const maxAnswerBytes = 1 << 20

// attempt sends one request, signed anew, and tells how it ended.
func (e endpoint) attempt(ctx context.Context, body []byte, read reading) outcome {
	began := time.Now()
	content, failure := e.post(ctx, body)
	if failure != nil {
		return *failure
	}
	a, err := parseAnswer(content)
	if err != nil {
		return outcome{ending: senseless, cause: err}
	}
	verdict := read(a)
	if verdict != nil && order.KindOf(verdict) != order.Rejected {
		return outcome{ending: senseless, cause: verdict}
	}
	e.known.usual.add(time.Since(began))
	return outcome{ending: decided, verdict: verdict}
}

// post sends one request and returns the content of the answer, if that is a 200. It uses the transport without an
// http.Client on top, which would follow redirects. The answer is read to its end whatever its status, so that the
// connection can be used again.
func (e endpoint) post(ctx context.Context, body []byte) ([]byte, *outcome) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return nil, &outcome{ending: unsent, cause: errors.New("its URL cannot be used")}
	}
	request.Header.Set("Content-Type", "application/json")
	// Without a value this is not sent, but tells http.Transport that the request may be repeated if it was sent on a
	// kept connection which the peer has closed meanwhile: the rule after a function was frozen for some minutes.
	request.Header["Idempotency-Key"] = nil

	response, err := e.calls.Transport.RoundTrip(request)
	if err != nil {
		return nil, &outcome{ending: endingOf(err), cause: safehttp.Redact(err)}
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	switch {
	case response.StatusCode != http.StatusOK:
		return nil, &outcome{ending: endingOfStatus(response.StatusCode), cause: fmt.Errorf("answered with status %d", response.StatusCode)}
	case err != nil:
		return nil, &outcome{ending: lost, cause: fmt.Errorf("broke off its answer: %w", safehttp.Redact(err))}
	case len(content) > maxAnswerBytes:
		return nil, &outcome{ending: senseless, cause: fmt.Errorf("answered with more than %d bytes", maxAnswerBytes)}
	}
	return content, nil
}
