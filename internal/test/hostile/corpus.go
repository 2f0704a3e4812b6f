package hostile

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

// corpusText has a valid order in its first line, and then one request a line. The tests of this
// package generate it.
//
//go:embed testdata/corpus.jsonl
var corpusText []byte

// Corpus returns all hostile requests, always in the same order.
func Corpus() ([]Request, error) {
	good, lines, _ := bytes.Cut(corpusText, []byte("\n"))
	var all []Request
	for line := range bytes.Lines(lines) {
		r := Request{good: string(good)}
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("hostile request %d: %w", len(all)+1, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// A Request is one line of the corpus. At most one of Order, JSON, Text, Base64 and Pieces is its
// body.
type Request struct {
	Name     string          `json:"name"`
	Function string          `json:"function,omitempty"` // invoked with the body, instead of Method, Path and Headers
	Method   string          `json:"method,omitempty"`
	Path     string          `json:"path,omitempty"`    // the request target, as it is sent
	Headers  []string        `json:"headers,omitempty"` // lines, in which a Wire replaces ${...}
	Sign     *Signing        `json:"sign,omitempty"`    // how ${sigv4} is made
	Order    []string        `json:"order,omitzero"`    // the valid order, with the first text replaced by the second
	JSON     json.RawMessage `json:"json,omitempty"`
	Text     string          `json:"text,omitempty"`
	Base64   []byte          `json:"base64,omitempty"`
	Pieces   []Piece         `json:"pieces,omitempty"`
	Ends     bool            `json:"ends,omitempty"` // the client closes its side after the body, whatever the headers say
	Want     Expectation     `json:"want"`

	good string // the valid order
}

// A Piece is a text, or bytes that are not UTF-8, repeated; Times 0 means once.
type Piece struct {
	Text   string `json:"text,omitempty"`
	Times  int    `json:"times,omitempty"`
	Base64 []byte `json:"base64,omitempty"`
}

// A Signing says what a caller signs, and with what, where that is not what it sends or should use.
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

// An Expectation is the response that a request must get. Without a status it is for a direct
// event, with success: false.
type Expectation struct {
	Status  int      `json:"status,omitempty"`
	Message string   `json:"message,omitempty"`
	Errors  []string `json:"errors,omitempty"` // all of them, in any order; "..." at the end allows more
	Body    string   `json:"body,omitempty"`   // the whole body, if the request is harmless after all
}

// body returns what is sent after the headers.
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
