package hostile

import (
	"bytes"
	"encoding/json"
	"strings"
)

// A Request is one line of the corpus. At most one of Order, JSON, Text, Base64 and Pieces is its body.
type Request struct {
	Name     string          `json:"name"`
	Function string          `json:"function,omitempty"` // to be invoked with the body; without Method, Path and Headers
	Method   string          `json:"method,omitempty"`
	Path     string          `json:"path,omitempty"`    // the target, just as it is sent
	Headers  []string        `json:"headers,omitempty"` // lines, with ${...} filled in by a wire
	Sign     *Signing        `json:"sign,omitempty"`    // what ${sigv4} stands for
	Order    []string        `json:"order,omitzero"`    // the good order, the first text in it replaced by the second
	JSON     json.RawMessage `json:"json,omitempty"`
	Text     string          `json:"text,omitempty"`
	Base64   []byte          `json:"base64,omitempty"`
	Pieces   []Piece         `json:"pieces,omitempty"`
	Ends     bool            `json:"ends,omitempty"` // the sender has nothing more to say, whatever the headers promise
	Want     Answer          `json:"want"`

	good string // the good order
}

// A Piece is a text, or else bytes that are none, so many times over; 0 is once.
type Piece struct {
	Text   string `json:"text,omitempty"`
	Times  int    `json:"times,omitempty"`
	Base64 []byte `json:"base64,omitempty"`
}

// A Signing is what a caller signs, where that differs from what it sends or from what it should sign with.
type Signing struct {
	Key     string `json:"key,omitempty"`
	Secret  string `json:"secret,omitempty"`
	Region  string `json:"region,omitempty"`
	Service string `json:"service,omitempty"`
	Session string `json:"session,omitempty"`
	Late    int    `json:"late,omitempty"` // seconds
	Method  string `json:"method,omitempty"`
	Path    string `json:"path,omitempty"`
	Host    string `json:"host,omitempty"`
	Body    string `json:"body,omitempty"`
}

// An Answer is what a request gets. One without a status is that to a direct event, and says success: false.
type Answer struct {
	Status  int      `json:"status,omitempty"`
	Message string   `json:"message,omitempty"`
	Errors  []string `json:"errors,omitempty"` // all, in any order; after "..." there may be more
	Body    string   `json:"body,omitempty"`   // the whole of it, where the request is harmless after all
}

// body is what is sent after the headers.
func (r Request) body() []byte {
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
