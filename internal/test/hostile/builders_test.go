package hostile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// marker is in every text that a caller might not want to read in a log.
const marker = "s3cr3t"

// with is the request with a body, kept in the most readable way.
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

// orderBy is a request for an order by a user who may ask for one, besides the header lines and without a body.
func orderBy(name string, want Answer, headers ...string) Request {
	return Request{Name: name, Method: "POST", Path: "/orders", Headers: append([]string{asMallory}, headers...), Want: want}
}

// plain tells whether only the body is hostile, so that it can come another way as well.
func (r Request) plain() bool {
	return r.Function == "" && r.Method == "POST" && r.Path == "/orders" && slices.Equal(r.Headers, []string{asMallory})
}

func invalid(faults ...string) Answer {
	return Answer{Status: 400, Message: "JSON Schema validation error", Errors: faults}
}

func wrongTotal(got, expected string) Answer {
	return Answer{Status: 422, Message: "Validation errors", Errors: []string{"Wrong total: got " + got + ", expected " + expected}}
}

var (
	noJSON       = Answer{Status: 400, Message: "Invalid JSON", Errors: []string{"The body must be JSON: *"}}
	unreadable   = Answer{Status: 400, Message: "Bad Request"} // the gateway's own
	tooLarge     = Answer{Status: 413, Message: "Request too large"}
	unauthorized = Answer{Status: 401, Message: "Unauthorized"}
	noRoute      = Answer{Status: 403, Message: "Missing Authentication Token"} // as API Gateway puts it
	notFound     = Answer{Status: 404, Message: "Order not found"}
	badToken     = Answer{Status: 400, Message: "Invalid nextToken", Errors: []string{"nextToken: *"}}
	badLimit     = Answer{Status: 400, Message: "Invalid limit", Errors: []string{"limit: *"}}
	notSigned    = Answer{Status: 403, Message: "*"}
)

// times is a text that is written so many times over, outside of bodies.
func times(text string, n int) string { return fmt.Sprintf("${%s*%d}", text, n) }
