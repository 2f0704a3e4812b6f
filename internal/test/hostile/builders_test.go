package hostile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// marker is in every text that must not be logged.
const marker = "s3cr3t"

// with returns the request with a body, stored in the most readable form.
func (r Request) with(body string) Request {
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

// create returns a create by a user with a valid token and more header lines, without a body.
func create(name string, want Expectation, headers ...string) Request {
	return Request{Name: name, Method: "POST", Path: "/orders", Headers: append([]string{asMallory}, headers...), Want: want}
}

// onlyBody reports whether only the body is hostile, so that it can be sent in other ways as well.
func (r Request) onlyBody() bool {
	return r.Function == "" && r.Method == "POST" && r.Path == "/orders" && slices.Equal(r.Headers, []string{asMallory})
}

func invalid(faults ...string) Expectation {
	return Expectation{Status: 400, Message: "JSON Schema validation error", Errors: faults}
}

func wrongTotal(got, expected string) Expectation {
	return Expectation{Status: 422, Message: "Validation errors", Errors: []string{"Wrong total: got " + got + ", expected " + expected}}
}

var (
	notJSON       = Expectation{Status: 400, Message: "Invalid JSON", Errors: []string{"The body must be JSON: *"}}
	malformedHTTP = Expectation{Status: 400, Message: "Bad Request"} // from the gateway
	tooLarge      = Expectation{Status: 413, Message: "Request too large"}
	unauthorized  = Expectation{Status: 401, Message: "Unauthorized"}
	noRoute       = Expectation{Status: 403, Message: "Missing Authentication Token"} // as API Gateway puts it
	notFound      = Expectation{Status: 404, Message: "Order not found"}
	badToken      = Expectation{Status: 400, Message: "Invalid nextToken", Errors: []string{"nextToken: *"}}
	badLimit      = Expectation{Status: 400, Message: "Invalid limit", Errors: []string{"limit: *"}}
	notSigned     = Expectation{Status: 403, Message: "*"}
)

// times returns a text for a path or a header line that is sent repeated n times.
func times(text string, n int) string { return fmt.Sprintf("${%s*%d}", text, n) }
