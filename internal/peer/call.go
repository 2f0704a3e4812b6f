package peer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"orders/internal/order"
)

// defaultTimeout is as much as order.Budget leaves to all checks together: a yes that comes later comes too late.
const defaultTimeout = 4 * time.Second

// An endpoint is where one peer takes questions.
type endpoint struct {
	peer  string // as messages name it
	url   string
	calls Calls
	known *history
}

// A history is what this process has learnt of a peer, all requests together.
type history struct {
	usual   latencies
	spare   allowance
	circuit circuit
	counted counters
}

func newEndpoint(peer, baseURL, path string, calls Calls) endpoint {
	return endpoint{peer: peer, url: strings.TrimRight(baseURL, "/") + path, calls: calls, known: new(history)}
}

// String is the peer's name, as messages have it.
func (e endpoint) String() string { return e.peer }

// A reading is what an answer means: nil for a yes, Refused for a no, and any other error where it is neither.
type reading func(answer) error

// ask puts a question and returns the verdict of the first answer that has one: nil or Refused. The error is Unchecked
// if there was none.
func (e endpoint) ask(ctx context.Context, question any, read reading) error {
	began := time.Now()
	err := e.judge(ctx, question, read)
	e.tell(ctx, time.Since(began), err)
	return err
}

func (e endpoint) judge(ctx context.Context, question any, read reading) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(e.calls.Timeout, defaultTimeout))
	defer cancel()
	body, err := encode(question)
	if err != nil {
		return e.unchecked(err)
	}
	if err := ctx.Err(); err != nil { // too late to learn anything of the peer
		return e.unchecked(err)
	}
	pass, err := e.known.circuit.enter()
	if err != nil {
		e.known.counted.refusals.Add(1)
		return e.unchecked(err)
	}
	result := e.put(ctx, pass, body, read)
	e.learn(ctx, pass, result)
	if result.ending != decided {
		return e.unchecked(result.cause)
	}
	return result.verdict
}

// put sends a question that may be sent, as often as its pass allows.
func (e endpoint) put(ctx context.Context, pass *pass, body []byte, read reading) outcome {
	e.known.counted.calls.Add(1)
	e.known.spare.earn()
	attempts := maxAttempts
	if pass.isProbe() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, pass.limit)
		defer cancel()
		attempts = 1
	}
	return e.race(ctx, attempts, func(ctx context.Context) outcome { return e.attempt(ctx, body, read) })
}

// learn tells the circuit how the peer did.
func (e endpoint) learn(ctx context.Context, pass *pass, result outcome) {
	circuit := &e.known.circuit
	switch {
	case result.ending == unsent, result.ending == lost && errors.Is(ctx.Err(), context.Canceled):
		circuit.gaveUp(pass) // which says nothing of the peer
	case result.ending == lost:
		if circuit.failed(pass, result) {
			e.known.counted.openings.Add(1)
			e.warn(ctx, "peer is down, and not asked until a probe is answered", "error", result.cause.Error())
		}
	default:
		if circuit.answered() {
			e.warn(ctx, "peer answers again")
		}
	}
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
		Kind:    order.CheckFailed,
		Message: "Failure to contact the " + e.peer + " service",
		Err:     fmt.Errorf("%s: %w", e.peer, cause),
	}
}

// refused is the error of a check that said no.
func refused(message string) error {
	return &order.Error{Kind: order.Rejected, Message: message}
}
