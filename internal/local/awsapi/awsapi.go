// Package awsapi provides the APIs of AWS that clients reach if their AWS_ENDPOINT_URL names this
// machine: Lambda's Invoke, EventBridge's PutEvents and the reading operations of SSM's Parameter
// Store, all at one address.
package awsapi

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"orders/internal/local/lambda"
	"orders/internal/local/sqs"
)

// Endpoints serve the APIs. The fields must not be changed once requests are served. It is safe for
// concurrent use if what it calls is.
type Endpoints struct {
	// Region is part of ARNs.
	Region string
	// Functions are the functions that can be invoked, by name.
	Functions map[string]*lambda.Function
	// Async starts an asynchronous invocation and returns at once. It is responsible for retries
	// and owns payload.
	Async func(f *lambda.Function, payload []byte)
	// Logs returns the log lines of an invocation.
	Logs func(requestID string) []byte
	// Events receives the entries of PutEvents.
	Events Events
	// Queues serves the requests of SQS's API. It may be nil.
	Queues http.Handler
	// Parameters are the values of the Parameter Store by full name.
	Parameters map[string]string
	// Commit describes the one version of every function.
	Commit string
	// OrderLogs returns the log lines about an order, oldest first.
	OrderLogs func(orderID string) []string
	// Table serves the requests of DynamoDB and its streams.
	Table http.Handler
	// Started is the time of the parameters' last modification.
	Started time.Time
	// Now is the time of events that have none; nil means time.Now.
	Now func() time.Time
}

var (
	// lambdaPath matches the paths of Lambda's API, which begin with a version.
	lambdaPath = regexp.MustCompile(`^/20\d\d-\d\d-\d\d/`)

	// signature matches the Authorization header of Signature Version 4. It captures the service.
	signature = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=[^,\s/]+/\d{8}/[^,\s/]+/([^,\s/]+)/aws4_request, ?` +
		`SignedHeaders=[^,\s]+, ?Signature=[0-9a-f]+$`)
)

// Route returns a handler that serves the requests of AWS clients and passes all others to next. It
// recognizes them by their path and by X-Amz-Target.
//
// They must be signed, so that no website can send them, but any access key is accepted.
func (e *Endpoints) Route(next http.Handler) http.Handler {
	apis := http.NewServeMux()
	apis.HandleFunc("POST /{$}", e.serveTarget)
	apis.HandleFunc("POST /2015-03-31/functions/{function}/invocations", e.serveInvoke)
	e.registerVersions(apis)
	apis.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, r, e.unsupported(r.Method+" "+r.URL.Path))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization := r.Header.Get("Authorization")
		service := signedService(authorization)
		signed := service != "" && service != "execute-api"
		root := r.URL.Path == "/" && (signed || r.Method == http.MethodPost)
		switch {
		case !root && !lambdaPath.MatchString(r.URL.Path) && r.Header.Get("X-Amz-Target") == "":
			next.ServeHTTP(w, r)
		case signed:
			apis.ServeHTTP(w, r)
		default:
			writeError(w, r, unsigned(authorization))
		}
	})
}

// signedService returns the service that a request is signed for, or "".
func signedService(authorization string) string {
	if parts := signature.FindStringSubmatch(authorization); parts != nil {
		return parts[1]
	}
	return ""
}

func unsigned(authorization string) *apiError {
	switch {
	case authorization == "":
		return &apiError{http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token"}
	case signedService(authorization) != "":
		return &apiError{http.StatusForbidden, "InvalidSignatureException", "Credential should be scoped to correct service."}
	}
	return &apiError{http.StatusForbidden, "IncompleteSignatureException", "Authorization must be a Signature Version 4, " +
		"with Credential, SignedHeaders and Signature."}
}

// operations returns the operations of AWS's JSON protocol by X-Amz-Target.
func (e *Endpoints) operations() map[string]operation {
	return map[string]operation{
		"AWSEvents.PutEvents":           decoding(e.putEvents),
		"AmazonSSM.GetParameter":        decoding(e.getParameter),
		"AmazonSSM.GetParameters":       decoding(e.getParameters),
		"AmazonSSM.GetParametersByPath": decoding(e.getParametersByPath),
		"Logs_20140328.StartQuery":      decoding(e.startQuery),
		"Logs_20140328.GetQueryResults": decoding(e.getQueryResults),
	}
}

func (e *Endpoints) unsupported(operation string) *apiError {
	supported := slices.Sorted(maps.Keys(e.operations()))
	return &apiError{http.StatusBadRequest, "UnknownOperationException", operation + " is not supported here. " +
		"Supported operations: Lambda.Invoke, " + strings.Join(supported, ", ") + "."}
}

// maxBody is the largest body of EventBridge and SSM requests, in bytes. It has room for 1 MiB of
// events in which every byte is escaped.
const maxBody = 8 << 20

// serveTarget implements AWS's JSON protocol: one path, with the operation in X-Amz-Target.
func (e *Endpoints) serveTarget(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	if e.Table != nil && strings.HasPrefix(target, "DynamoDB") {
		e.Table.ServeHTTP(w, r)
		return
	}
	if e.Queues != nil && sqs.IsRequest(r) {
		e.Queues.ServeHTTP(w, r)
		return
	}
	serve, ok := e.operations()[target]
	if !ok {
		if target == "" {
			target = "An operation without X-Amz-Target"
		}
		writeError(w, r, e.unsupported(target))
		return
	}
	body, err := readBody(r, maxBody)
	if errors.Is(err, errTooLarge) {
		err = &apiError{http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "The request is too large."}
	}
	var output any
	if err == nil {
		output, err = serve(body)
	}
	if err != nil {
		writeError(w, r, err)
		return
	}
	writeJSON(w, jsonContentType(r), http.StatusOK, output)
}

// An operation returns its output for a request body.
type operation func(body []byte) (output any, err error)

// decoding returns an operation that decodes its input.
func decoding[Input, Output any](do func(Input) (Output, error)) operation {
	return func(body []byte) (any, error) {
		var input Input
		if err := json.Unmarshal(body, &input); err != nil {
			return nil, &apiError{http.StatusBadRequest, "SerializationException", "The request is not valid JSON for the operation."}
		}
		return do(input)
	}
}

func (e *Endpoints) now() time.Time {
	if e.Now != nil {
		return e.Now()
	}
	return time.Now()
}

var errTooLarge = errors.New("request too large")

// readBody returns the body, or errTooLarge if it has more than limit bytes. It then reads on for a
// while without keeping anything, because a client that still sends would see a broken connection
// instead of the error.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	const discarded = 64 << 20
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, &apiError{http.StatusBadRequest, "IncompleteBody", "The request body could not be read."}
	}
	if int64(len(body)) > limit {
		_, _ = io.CopyN(io.Discard, r.Body, discarded)
		return nil, errTooLarge
	}
	return body, nil
}
