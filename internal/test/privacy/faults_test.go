package privacy

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"orders/internal/test/testworld"
)

// bodyOf reads the body of a request, which the server has received whole.
func bodyOf(r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return string(body)
}

// received is all that a fault may repeat of a request, in one line: the body and the headers that
// are secret.
func received(r *http.Request, body []byte) string {
	line := strings.ReplaceAll(strings.TrimSpace(string(body)), "\n", " ")
	return line + " " + r.Header.Get("Authorization") + " " + r.Header.Get("X-Amz-Security-Token")
}

// repeating responds with a status and a text, in which %s is what was received and %q the same as
// a JSON string.
func repeating(status int, text string) testworld.Fault {
	return func(w http.ResponseWriter, r *http.Request, body []byte) {
		testworld.Respond(status, repeat(text, received(r, body)))(w, r, body)
	}
}

// malformed responds with bytes that are not HTTP, or bad HTTP.
func malformed(text string) testworld.Fault {
	return func(w http.ResponseWriter, r *http.Request, body []byte) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer connection.Close()
		_, _ = io.WriteString(connection, repeat(text, received(r, body)))
	}
}

func repeat(text, received string) string {
	quoted := fmt.Sprintf("%q", received) // everything here is ASCII, which Go and JSON quote alike
	return strings.NewReplacer("%s", received, "%q", quoted).Replace(text)
}

// httpFaults are the faults of anything that speaks HTTP, each in a place that net/http might
// quote.
func httpFaults() map[string]testworld.Fault {
	return map[string]testworld.Fault{
		"connection reset":          testworld.Reset,
		"no response":               malformed(""),
		"not HTTP":                  malformed("%s\r\n\r\n"),
		"invalid protocol":          malformed("HTTP/%s 200 OK\r\n\r\n"),
		"invalid status":            malformed("HTTP/1.1 %s\r\n\r\n"),
		"reason phrase":             malformed("HTTP/1.1 500 %s\r\nContent-Length: 0\r\n\r\n"),
		"invalid header":            malformed("HTTP/1.1 200 OK\r\n%s\r\n\r\n"),
		"header":                    malformed("HTTP/1.1 500 OK\r\nX-Heard: %s\r\nContent-Length: 0\r\n\r\n"),
		"invalid content length":    malformed("HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n"),
		"invalid transfer encoding": malformed("HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n"),
		"invalid chunk":             malformed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n"),
		"redirect":                  malformed("HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/%s\r\nContent-Length: 0\r\n\r\n"),
		"invalid redirect":          malformed("HTTP/1.1 301 Moved\r\nLocation: ://%s\r\nContent-Length: 0\r\n\r\n"),
		"cut off":                   malformed("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n%s"),
		"repeats with 200":          repeating(200, "%s"),
		"repeats with 400":          repeating(400, "%s"),
		"repeats with 403":          repeating(403, "%s"),
		"repeats with 500":          repeating(500, "<html>%s</html>"),
		"JSON string":               repeating(200, "%q"),
		"incomplete JSON":           repeating(200, `{"message": %q, "Item": {"address": {"M": {"name": {"S": %q`),
	}
}

// awsErrors are the errors of AWS services, with a message that repeats the request, as some really
// do. The messages of two are passed on to operators, because they name what has to be fixed; they
// repeat nothing else.
func awsErrors() map[string]testworld.Fault {
	faults := map[string]testworld.Fault{}
	for code, status := range map[string]int{
		"ValidationException": 400, "SerializationException": 400, "ConditionalCheckFailedException": 400, "TransactionConflictException": 400,
		"ProvisionedThroughputExceededException": 400, "ThrottlingException": 400, "RequestLimitExceeded": 400, "LimitExceededException": 400,
		"ItemCollectionSizeLimitExceededException": 400, "UnrecognizedClientException": 400, "ExpiredTokenException": 400,
		"InternalServerError": 500, "InternalException": 500, "ServiceUnavailable": 503, "SomethingNew": 418,
	} {
		faults[code] = repeating(status, `{"__type":"com.amazonaws#`+code+`","message":%q,"Message":%q}`)
	}
	faults["AccessDeniedException"] = testworld.Respond(400,
		`{"__type":"AccessDeniedException","message":"User: arn:aws:sts::000000000000:assumed-role/function is not authorized"}`)
	faults["ResourceNotFoundException"] = testworld.Respond(400,
		`{"__type":"ResourceNotFoundException","message":"Requested resource not found"}`)
	return faults
}
