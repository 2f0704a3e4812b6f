package lambdaruntime

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"orders/internal/local/lambda"
)

// routes is version 2018-06-01 of Lambda's runtime API.
func (p *process) routes() http.Handler {
	const version = "/2018-06-01/runtime"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+version+"/invocation/next", p.serveNext)
	mux.HandleFunc("POST "+version+"/invocation/{id}/response", p.serveResponse)
	mux.HandleFunc("POST "+version+"/invocation/{id}/error", p.serveError)
	mux.HandleFunc("POST "+version+"/init/error", p.serveInitError)
	return mux
}

// serveNext keeps the process waiting until there is an event for it.
func (p *process) serveNext(w http.ResponseWriter, r *http.Request) {
	p.noteAsked()
	if p.ctx.Err() != nil {
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
		_, _ = w.Write(i.payload) // a process that is gone cannot be told, and is noticed elsewhere
	case <-p.ctx.Done():
	case <-r.Context().Done():
	}
}

func (p *process) arn() string {
	f := lambda.Function{Name: p.options.Name, Region: cmp.Or(p.options.Env["AWS_REGION"], Region)}
	return f.ARN()
}

// traceHeader asks for the trace to be sampled where there is a daemon to send it to.
func (p *process) traceHeader(requestID string, now time.Time) string {
	sampled := 0
	if p.options.Env["AWS_XRAY_DAEMON_ADDRESS"] != "" {
		sampled = 1
	}
	digits := strings.ReplaceAll(requestID, "-", "")
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=%d", uint32(now.Unix()), digits[:24], digits[16:], sampled)
}

func (p *process) serveResponse(w http.ResponseWriter, r *http.Request) {
	answer, err := io.ReadAll(http.MaxBytesReader(w, r.Body, lambda.MaxAnswer))
	if err != nil {
		p.finish(r.PathValue("id"), outcome{failure: tooLarge(p.options.Name)})
		respond(w, http.StatusRequestEntityTooLarge, `{"errorType":"RequestEntityTooLarge","errorMessage":"Exceeded maximum allowed payload size"}`)
		return
	}
	p.serveOutcome(w, r, outcome{answer: answer})
}

func (p *process) serveError(w http.ResponseWriter, r *http.Request) {
	p.serveOutcome(w, r, outcome{failure: p.readFailure(w, r)})
}

func (p *process) serveOutcome(w http.ResponseWriter, r *http.Request, o outcome) {
	if !p.finish(r.PathValue("id"), o) {
		respond(w, http.StatusBadRequest, `{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}`)
		return
	}
	respond(w, http.StatusAccepted, `{"status":"OK"}`)
}

// serveInitError takes the word of a process that cannot start, and that ends by itself then.
func (p *process) serveInitError(w http.ResponseWriter, r *http.Request) {
	reported := p.readFailure(w, r)
	p.mu.Lock()
	p.reported = reported
	p.mu.Unlock()
	respond(w, http.StatusAccepted, `{"status":"OK"}`)
}

// readFailure reads an error as a runtime reports it. Its JSON is for the invoker as it is.
func (p *process) readFailure(w http.ResponseWriter, r *http.Request) *lambda.FunctionError {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, lambda.MaxAnswer))
	if err != nil || !json.Valid(payload) {
		return failure(p.options.Name, "Runtime.Unknown", "The runtime reported an error that is not JSON.")
	}
	return readReport(p.options.Name, payload)
}

func respond(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // a process that is gone cannot be told
}
