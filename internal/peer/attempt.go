package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"orders/internal/order"
	"orders/internal/safehttp"
	"orders/internal/strictjson"
)

// maxResponseBytes limits how much of a response is read, because a peer that sends an oversized
// response must not exhaust this function's memory.
const maxResponseBytes = 1 << 20

// A resultKind is how an attempt ended. The first three are final: no other attempt can do better.
// The others are in the order of how much they say about the peer.
type resultKind int

const (
	gotVerdict  resultKind = iota // accepted or rejected
	refused                       // a 4xx: the same request would be refused again
	notSent                       // the request could not be built or signed, and neither could the next
	invalid                       // an invalid response: a retry would get the same, but a hedge may do better
	unavailable                   // 429, 5xx, or a response that broke off: worth a retry
	broken                        // the connection ended before a response, or is not HTTP: worth a retry
	silent                        // no connection, or no response in time: worth a retry
)

func (k resultKind) isFinal() bool     { return k < invalid }
func (k resultKind) isRetryable() bool { return k > invalid }

// A result is how an attempt ended, or all attempts of a check together.
type result struct {
	kind    resultKind
	verdict error // if gotVerdict: nil or an order.Rejected error
	cause   error // if not: for operators, redacted
}

// attempt sends one request, with a signature of its own, and reads the verdict.
func (c *check) attempt(ctx context.Context, body []byte, verdict func(strictjson.Object) error) result {
	began := time.Now()
	content, failure := c.post(ctx, body)
	if failure != nil {
		return *failure
	}
	r, err := parseResponse(content)
	if err != nil {
		return result{kind: invalid, cause: err}
	}
	if err = verdict(r); err != nil && order.KindOf(err) != order.Rejected {
		return result{kind: invalid, cause: err}
	}
	c.latency.add(time.Since(began))
	return result{kind: gotVerdict, verdict: err}
}

// post sends one request and returns the body of the response if its status is 200. It uses the
// transport without an http.Client, which would follow redirects. It reads the body whatever the
// status, so that the connection can be used again.
func (c *check) post(ctx context.Context, body []byte) ([]byte, *result) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, &result{kind: notSent, cause: errors.New("invalid URL")}
	}
	request.Header.Set("Content-Type", "application/json")
	// Without a value this is not sent. It tells http.Transport that it may repeat the request if
	// it was sent on an idle connection that the peer had closed, which is the rule after a
	// function was frozen for some minutes.
	request.Header["Idempotency-Key"] = nil

	response, err := c.options.Transport.RoundTrip(request)
	if err != nil {
		return nil, &result{kind: kindOfError(err), cause: safehttp.Redact(err)}
	}
	defer response.Body.Close()
	if c.circuit.responded() {
		c.warn(ctx, "circuit closed")
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxResponseBytes+1))
	switch {
	case response.StatusCode != http.StatusOK:
		return nil, &result{kind: kindOfStatus(response.StatusCode), cause: fmt.Errorf("status %d", response.StatusCode)}
	case err != nil:
		return nil, &result{kind: unavailable, cause: fmt.Errorf("incomplete response: %w", safehttp.Redact(err))}
	case len(content) > maxResponseBytes:
		return nil, &result{kind: invalid, cause: fmt.Errorf("invalid response: more than %d bytes", maxResponseBytes)}
	}
	return content, nil
}

func kindOfError(err error) resultKind {
	if _, ok := errors.AsType[*safehttp.SigningError](err); ok {
		return notSent
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" {
		return silent
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() || errors.Is(err, context.Canceled) {
		return silent
	}
	return broken
}

// kindOfStatus returns the kind of a response with a status other than 200.
func kindOfStatus(status int) resultKind {
	switch {
	case status >= 500, status == http.StatusTooManyRequests:
		return unavailable
	case status >= 400:
		return refused
	}
	return invalid
}

// combine returns the result of a check: that of its last attempt if that is final. Otherwise there
// is no verdict, and its kind is the one that says most about the peer.
func combine(all []result) result {
	last := all[len(all)-1]
	if last.kind == gotVerdict {
		return last
	}
	var causes attemptErrors
	for _, r := range all {
		causes = append(causes, r.cause)
		if !last.kind.isFinal() {
			last.kind = min(last.kind, r.kind)
		}
	}
	if len(causes) > 1 {
		last.cause = causes
	}
	return last
}

// attemptErrors are the causes of several attempts without a verdict.
type attemptErrors []error

// Error returns every cause, without immediate repetitions.
func (e attemptErrors) Error() string {
	texts := make([]string, len(e))
	for i, err := range e {
		texts[i] = err.Error()
	}
	return fmt.Sprintf("%d attempts: %s", len(e), strings.Join(slices.Compact(texts), "; "))
}

// Unwrap returns all causes.
func (e attemptErrors) Unwrap() []error { return e }
