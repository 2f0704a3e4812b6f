package eventbus

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A bus is a fake of EventBridge's PutEvents. It keeps the entries that it accepts, and injects
// faults.
type bus struct {
	// fault returns the fault of the nth request, counted from 0. nil means none.
	fault func(n int, entries []entry) fault

	// writeDelay is the time from the end of a client's write to its return.
	writeDelay time.Duration

	mu         sync.Mutex
	requests   []request
	accepted   []entry
	violations []string // of the protocol, by requests
}

// A fault says how one request fails. The zero value means that it does not.
type fault struct {
	status     int            // of the response that rejects the request
	code       string         // of that response
	message    string         // of that response, or of every rejected entry
	body       string         // of the response, instead of a bus's
	reset      bool           // resets the connection before anything is accepted
	dropped    bool           // accepts, then resets the connection before the response
	delay      time.Duration  // before it accepts, whether or not the client still waits
	bodyDelay  time.Duration  // between the header of the response and its body
	hang       time.Duration  // before anything else, unless the client disconnects
	entries    map[int]string // codes of rejected entries
	missing    int            // results missing at the end of the response
	noIDs      bool           // returns no event IDs
	failedWith int            // value of FailedEntryCount
}

type request struct {
	at      time.Time
	entries []entry
	raw     string
}

type entry struct {
	Source, DetailType, Detail, EventBusName, TraceHeader string
	Time                                                  *json.Number
	Resources                                             []string
}

func (e entry) size() int {
	size := len(e.Source) + len(e.DetailType) + len(e.Detail)
	for _, resource := range e.Resources {
		size += len(resource)
	}
	return size
}

func (b *bus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	entries, f := b.receive(r, string(body))
	if f.hang > 0 {
		select {
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		case <-time.After(f.hang):
		}
	}
	time.Sleep(f.delay)
	switch {
	case f.reset:
		panic(http.ErrAbortHandler)
	case f.body != "":
		w.WriteHeader(max(f.status, 200))
		io.WriteString(w, f.body)
	case f.status != 0:
		reject(w, f)
	case !withinLimits(entries):
		reject(w, fault{status: 400, code: "ValidationException", message: string(body)})
	default:
		response := b.accept(entries, f)
		if f.dropped {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if f.bodyDelay > 0 {
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			time.Sleep(f.bodyDelay)
		}
		json.NewEncoder(w).Encode(response)
	}
}

// reject responds in AWS's JSON 1.1.
func reject(w http.ResponseWriter, f fault) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", "request-1")
	w.WriteHeader(f.status)
	json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.events#" + f.code, "message": f.message})
}

// receive records a request and returns its fault.
func (b *bus) receive(r *http.Request, body string) ([]entry, fault) {
	var input struct{ Entries []entry }
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&input)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.violations = append(b.violations, err.Error())
	}
	for name, want := range map[string]string{"X-Amz-Target": "AWSEvents.PutEvents", "Content-Type": "application/x-amz-json-1.1"} {
		if got := r.Header.Get(name); got != want {
			b.violations = append(b.violations, fmt.Sprintf("%s is %q", name, got))
		}
	}
	if !strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/events/aws4_request") {
		b.violations = append(b.violations, "unsigned")
	}
	together := map[string]bool{}
	for _, e := range input.Entries {
		if together[e.Resources[0]] {
			b.violations = append(b.violations, "two events of one order in one request")
		}
		together[e.Resources[0]] = true
	}
	n := len(b.requests)
	b.requests = append(b.requests, request{time.Now(), input.Entries, body})
	if b.fault == nil {
		return input.Entries, fault{}
	}
	return input.Entries, b.fault(n, input.Entries)
}

// withinLimits reports whether a request as a whole is valid. A detail type "Poison" stands for any
// other violation.
func withinLimits(entries []entry) bool {
	size, poisoned := 0, false
	for _, e := range entries {
		size += e.size()
		poisoned = poisoned || e.DetailType == "Poison"
	}
	return len(entries) >= 1 && len(entries) <= 10 && size <= 1<<20 && !poisoned
}

type responseBody struct {
	FailedEntryCount int
	Entries          []map[string]string
}

func (b *bus) accept(entries []entry, f fault) responseBody {
	b.mu.Lock()
	defer b.mu.Unlock()
	response := responseBody{FailedEntryCount: f.failedWith}
	for i, e := range entries {
		code := f.entries[i]
		if !strings.HasPrefix(e.Detail, "{") {
			code = "MalformedDetail"
		}
		switch {
		case code != "":
			response.Entries = append(response.Entries, map[string]string{"ErrorCode": code, "ErrorMessage": f.message})
		case f.noIDs, i >= len(entries)-f.missing: // without an event ID, the entry is not accepted
			response.Entries = append(response.Entries, map[string]string{})
		default:
			b.accepted = append(b.accepted, e)
			response.Entries = append(response.Entries, map[string]string{"EventId": fmt.Sprint("id-", len(b.accepted))})
		}
	}
	response.Entries = response.Entries[:len(entries)-min(f.missing, len(entries))]
	return response
}

// sequences returns the accepted details of each order, in the order of acceptance.
func (b *bus) sequences() map[string][]string {
	byOrder := map[string][]string{}
	for _, e := range b.accepted {
		byOrder[e.Resources[0]] = append(byOrder[e.Resources[0]], e.Detail)
	}
	return byOrder
}

// sizes returns the number of entries of each request.
func (b *bus) sizes() []int {
	var sizes []int
	for _, r := range b.requests {
		sizes = append(sizes, len(r.entries))
	}
	return sizes
}

// once returns faults for the first requests, one each.
func once(faults ...fault) func(int, []entry) fault {
	return func(n int, _ []entry) fault {
		if n < len(faults) {
			return faults[n]
		}
		return fault{}
	}
}

// always returns the same fault for every request.
func always(f fault) func(int, []entry) fault {
	return func(int, []entry) fault { return f }
}
