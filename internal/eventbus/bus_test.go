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

// A bus is EventBridge as far as PutEvents goes: it keeps what it accepts, and fails as told.
type bus struct {
	// fault says what goes wrong with a request, the first being 0; nil: nothing.
	fault func(n int, entries []entry) fault

	mu       sync.Mutex
	requests []request
	accepted []entry
	broken   []string // rules of the protocol that a request broke
}

// A fault is what goes wrong with one request. The zero value is nothing.
type fault struct {
	status     int            // refuses the request with this status
	code       string         // of that refusal
	message    string         // of that refusal, or of every entry refused
	body       string         // answers the status with this text instead of a bus's
	reset      bool           // closes the connection before anything is accepted
	lost       bool           // accepts, then closes the connection instead of answering
	hang       time.Duration  // before anything else, unless the client goes away meanwhile
	entries    map[int]string // codes of entries refused
	leftOut    int            // results missing at the end of the answer
	nameless   bool           // gives no event ids
	failedWith int            // what FailedEntryCount claims
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
	switch {
	case f.reset:
		panic(http.ErrAbortHandler)
	case f.body != "":
		w.WriteHeader(max(f.status, 200))
		io.WriteString(w, f.body)
	case f.status != 0:
		refuse(w, f)
	case !withinLimits(entries):
		refuse(w, fault{status: 400, code: "ValidationException", message: string(body)})
	default:
		answer := b.accept(entries, f)
		if f.lost {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		json.NewEncoder(w).Encode(answer)
	}
}

// refuse answers in AWS's JSON 1.1.
func refuse(w http.ResponseWriter, f fault) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", "request-1")
	w.WriteHeader(f.status)
	json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.events#" + f.code, "message": f.message})
}

// receive takes a request down, and tells what is to go wrong with it.
func (b *bus) receive(r *http.Request, body string) ([]entry, fault) {
	var input struct{ Entries []entry }
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&input)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.broken = append(b.broken, err.Error())
	}
	for name, want := range map[string]string{"X-Amz-Target": "AWSEvents.PutEvents", "Content-Type": "application/x-amz-json-1.1"} {
		if got := r.Header.Get(name); got != want {
			b.broken = append(b.broken, fmt.Sprintf("%s is %q", name, got))
		}
	}
	if !strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/events/aws4_request") {
		b.broken = append(b.broken, "unsigned")
	}
	together := map[string]bool{}
	for _, e := range input.Entries {
		if together[e.Resources[0]] {
			b.broken = append(b.broken, "two events of one order in one request")
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

// withinLimits is what makes or breaks a request as a whole. A detail type "Poison" stands for whatever else does.
func withinLimits(entries []entry) bool {
	size, poisoned := 0, false
	for _, e := range entries {
		size += e.size()
		poisoned = poisoned || e.DetailType == "Poison"
	}
	return len(entries) >= 1 && len(entries) <= 10 && size <= 1<<20 && !poisoned
}

type answerBody struct {
	FailedEntryCount int
	Entries          []map[string]string
}

func (b *bus) accept(entries []entry, f fault) answerBody {
	b.mu.Lock()
	defer b.mu.Unlock()
	answer := answerBody{FailedEntryCount: f.failedWith}
	for i, e := range entries {
		code := f.entries[i]
		if !strings.HasPrefix(e.Detail, "{") {
			code = "MalformedDetail"
		}
		switch {
		case code != "":
			answer.Entries = append(answer.Entries, map[string]string{"ErrorCode": code, "ErrorMessage": f.message})
		case f.nameless, i >= len(entries)-f.leftOut: // what the publisher cannot know to be accepted is not
			answer.Entries = append(answer.Entries, map[string]string{})
		default:
			b.accepted = append(b.accepted, e)
			answer.Entries = append(answer.Entries, map[string]string{"EventId": fmt.Sprint("id-", len(b.accepted))})
		}
	}
	answer.Entries = answer.Entries[:len(entries)-min(f.leftOut, len(entries))]
	return answer
}

// sequences are the details accepted of each order, in the order of their acceptance.
func (b *bus) sequences() map[string][]string {
	byOrder := map[string][]string{}
	for _, e := range b.accepted {
		byOrder[e.Resources[0]] = append(byOrder[e.Resources[0]], e.Detail)
	}
	return byOrder
}

// sizes are the numbers of entries of the requests.
func (b *bus) sizes() []int {
	var sizes []int
	for _, r := range b.requests {
		sizes = append(sizes, len(r.entries))
	}
	return sizes
}

// once goes wrong with the first requests, one after the other.
func once(faults ...fault) func(int, []entry) fault {
	return func(n int, _ []entry) fault {
		if n < len(faults) {
			return faults[n]
		}
		return fault{}
	}
}

// always goes wrong with every request.
func always(f fault) func(int, []entry) fault {
	return func(int, []entry) fault { return f }
}
