package lambdaruntime

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"orders/internal/local/lambda"
)

// An invocation is one event on its way through the function.
type invocation struct {
	id         string
	payload    []byte
	completion chan completion // has room for the only one
}

// A completion is what a function made of an event: a response, or an error.
type completion struct {
	response []byte
	err      error
}

// invoke passes the process an event when it next asks for one, and waits until it completes.
func (p *process) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	i := &invocation{id: uuid.NewString(), payload: payload, completion: make(chan completion, 1)}
	select {
	case p.work <- i:
	case <-p.gone:
		return nil, errNotTaken
	case <-ctx.Done():
		return nil, fmt.Errorf("invoke %s: %w", p.options.Name, context.Cause(ctx))
	}
	overdue := time.NewTimer(p.options.Timeout + p.options.Grace)
	defer overdue.Stop()
	select {
	case c := <-i.completion:
		return c.response, c.err
	case <-overdue.C:
		p.kill()
		<-p.gone
		return nil, timedOut(p.options, i.id)
	case <-p.gone:
	}
	select {
	case c := <-i.completion: // it responded, and then ended
		return c.response, c.err
	default:
		return nil, exited(p.options.Name, i.id, p.ended)
	}
}

// begin records an event that is passed to the process.
func (p *process) begin(i *invocation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending[i.id] = i
}

// complete passes a completion to the caller of the invocation with this ID. It reports whether
// there is one.
func (p *process) complete(id string, c completion) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, ok := p.pending[id]
	if !ok {
		return false
	}
	delete(p.pending, id)
	if p.facts.Responded.IsZero() {
		p.facts.Responded = time.Now()
	}
	i.completion <- c
	return true
}

// routes returns version 2018-06-01 of Lambda's runtime API.
func (p *process) routes() http.Handler {
	const version = "/2018-06-01/runtime"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+version+"/invocation/next", p.serveNext)
	mux.HandleFunc("POST "+version+"/invocation/{id}/response", p.serveResponse)
	mux.HandleFunc("POST "+version+"/invocation/{id}/error", p.serveError)
	mux.HandleFunc("POST "+version+"/init/error", p.serveInitError)
	return mux
}

// serveNext lets the process wait until there is an event for it.
func (p *process) serveNext(w http.ResponseWriter, r *http.Request) {
	p.noteReady()
	if p.ctx.Err() != nil {
		<-r.Context().Done() // no response: the process is about to be killed
		return
	}
	select {
	case i := <-p.work:
		now := time.Now()
		p.begin(i)
		header := w.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Lambda-Runtime-Aws-Request-Id", i.id)
		header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(now.Add(p.options.Timeout).UnixMilli(), 10))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", p.arn())
		header.Set("Lambda-Runtime-Trace-Id", p.traceHeader(i.id, now))
		_, _ = w.Write(i.payload) // the end of the process is noticed elsewhere
	case <-p.ctx.Done():
		<-r.Context().Done()
	case <-r.Context().Done():
	}
}

func (p *process) arn() string {
	f := lambda.Function{Name: p.options.Name, Region: cmp.Or(p.options.Env["AWS_REGION"], Region)}
	return f.ARN()
}

// traceHeader samples the trace if there is a daemon to send it to.
func (p *process) traceHeader(requestID string, now time.Time) string {
	sampled := 0
	if p.options.Env["AWS_XRAY_DAEMON_ADDRESS"] != "" {
		sampled = 1
	}
	digits := strings.ReplaceAll(requestID, "-", "")
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=%d", uint32(now.Unix()), digits[:24], digits[16:], sampled)
}

func (p *process) serveResponse(w http.ResponseWriter, r *http.Request) {
	response, err := io.ReadAll(http.MaxBytesReader(w, r.Body, lambda.MaxResponse))
	if err != nil {
		p.complete(r.PathValue("id"), completion{err: tooLarge(p.options.Name)})
		respond(w, http.StatusRequestEntityTooLarge,
			`{"errorType":"RequestEntityTooLarge","errorMessage":"Exceeded maximum allowed payload size"}`)
		return
	}
	p.serveCompletion(w, r, completion{response: response})
}

func (p *process) serveError(w http.ResponseWriter, r *http.Request) {
	p.serveCompletion(w, r, completion{err: p.readError(w, r)})
}

func (p *process) serveCompletion(w http.ResponseWriter, r *http.Request, c completion) {
	if !p.complete(r.PathValue("id"), c) {
		respond(w, http.StatusBadRequest, `{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}`)
		return
	}
	respond(w, http.StatusAccepted, `{"status":"OK"}`)
}

// serveInitError records why a process cannot start. It then ends by itself.
func (p *process) serveInitError(w http.ResponseWriter, r *http.Request) {
	reported := p.readError(w, r)
	p.mu.Lock()
	p.initError = reported
	p.mu.Unlock()
	respond(w, http.StatusAccepted, `{"status":"OK"}`)
}

// readError reads an error as a runtime reports it. The caller gets its JSON as it is.
func (p *process) readError(w http.ResponseWriter, r *http.Request) *lambda.FunctionError {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, lambda.MaxResponse))
	if err != nil || !json.Valid(payload) {
		return newError(p.options.Name, "Runtime.Unknown", "The runtime reported an error that is not JSON.")
	}
	return parseError(p.options.Name, payload)
}

func respond(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // the end of the process is noticed elsewhere
}
