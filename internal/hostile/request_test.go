package hostile_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// marker is in every text that a caller might not want to read in a log.
const marker = "s3cr3t"

// A request is one line of the corpus. At most one of Order, JSON, Text, Base64 and Pieces is its body.
type request struct {
	Name     string          `json:"name"`
	Function string          `json:"function,omitempty"` // to be invoked with the body; without Method, Path and Headers
	Method   string          `json:"method,omitempty"`
	Path     string          `json:"path,omitempty"`    // the target, just as it is sent
	Headers  []string        `json:"headers,omitempty"` // lines, with ${...} filled in by a wire
	Sign     *signing        `json:"sign,omitempty"`    // what ${sigv4} stands for
	Order    []string        `json:"order,omitzero"`    // the good order, the first text in it replaced by the second
	JSON     json.RawMessage `json:"json,omitempty"`
	Text     string          `json:"text,omitempty"`
	Base64   []byte          `json:"base64,omitempty"`
	Pieces   []piece         `json:"pieces,omitempty"`
	Ends     bool            `json:"ends,omitempty"` // the sender has nothing more to say, whatever the headers promise
	Want     answer          `json:"want"`

	good string // the good order
}

// A piece is a text, or else bytes that are none, so many times over; 0 is once.
type piece struct {
	Text   string `json:"text,omitempty"`
	Times  int    `json:"times,omitempty"`
	Base64 []byte `json:"base64,omitempty"`
}

// An answer is what a request gets. One without a status is that to a direct event, and says success: false.
type answer struct {
	Status  int      `json:"status,omitempty"`
	Message string   `json:"message,omitempty"`
	Errors  []string `json:"errors,omitempty"` // all, in any order; after "..." there may be more
	Body    string   `json:"body,omitempty"`   // the whole of it, where the request is harmless after all
}

func (r request) body() []byte {
	switch {
	case len(r.Order) == 2:
		return []byte(strings.Replace(r.good, r.Order[0], r.Order[1], 1))
	case r.Order != nil:
		return []byte(r.good)
	case r.JSON != nil:
		return r.JSON
	case r.Base64 != nil:
		return r.Base64
	case r.Pieces == nil:
		return []byte(r.Text)
	}
	var all bytes.Buffer
	for _, p := range r.Pieces {
		all.WriteString(strings.Repeat(p.Text+string(p.Base64), max(1, p.Times)))
	}
	return all.Bytes()
}

// with is the request with a body, kept in the most readable way.
func (r request) with(body string) request {
	var compact bytes.Buffer
	switch {
	case json.Compact(&compact, []byte(body)) == nil && utf8.ValidString(body) && compact.String() == body:
		r.JSON = json.RawMessage(body)
	case utf8.ValidString(body):
		r.Text = body
	default:
		r.Base64 = []byte(body)
	}
	return r
}

const asMallory = "Authorization: Bearer ${mallory}"

// orderBy is a request for an order by a user who may ask for one, besides the header lines and without a body.
func orderBy(name string, want answer, headers ...string) request {
	return request{Name: name, Method: "POST", Path: "/orders", Headers: append([]string{asMallory}, headers...), Want: want}
}

// plain tells whether only the body is hostile, so that it can come another way as well.
func (r request) plain() bool {
	return r.Function == "" && r.Method == "POST" && r.Path == "/orders" && slices.Equal(r.Headers, []string{asMallory})
}

func invalid(faults ...string) answer {
	return answer{Status: 400, Message: "JSON Schema validation error", Errors: faults}
}

func wrongTotal(got, expected string) answer {
	return answer{Status: 422, Message: "Validation errors", Errors: []string{"Wrong total: got " + got + ", expected " + expected}}
}

var (
	noJSON       = answer{Status: 400, Message: "Invalid JSON", Errors: []string{"The body must be JSON: *"}}
	unreadable   = answer{Status: 400, Message: "Bad Request"} // the gateway's own
	tooLarge     = answer{Status: 413, Message: "Request too large"}
	unauthorized = answer{Status: 401, Message: "Unauthorized"}
	noRoute      = answer{Status: 403, Message: "Missing Authentication Token"} // as API Gateway puts it
	notFound     = answer{Status: 404, Message: "Order not found"}
	badToken     = answer{Status: 400, Message: "Invalid nextToken", Errors: []string{"nextToken: *"}}
	badLimit     = answer{Status: 400, Message: "Invalid limit", Errors: []string{"limit: *"}}
	notSigned    = answer{Status: 403, Message: "*"}
)
