// Package awsapi answers AWS clients whose AWS_ENDPOINT_URL points at this
// machine: Lambda Invoke, EventBridge PutEvents and the reading half of SSM's
// parameter store, all on one address. Signatures are not checked.
package awsapi

import (
	"net/http"
	"time"

	"orders/internal/local/lambda"
)

// Endpoints is what AWS clients reach. The fields are not to be changed once
// requests come in; it is safe for concurrent use when what it calls is.
type Endpoints struct {
	// Region is told in the ARNs of parameters and of missing functions.
	Region string
	// Functions are the functions that can be invoked, by bare name.
	Functions map[string]*lambda.Function
	// Async takes an invocation that nobody waits for. It must not block;
	// running it, and again when it fails, is its business. It owns payload.
	Async func(f *lambda.Function, payload []byte)
	// Events takes what PutEvents brings.
	Events Events
	// Parameters are the values of the parameter store by full name.
	Parameters map[string]string
	// Started is told as the time at which the parameters were last written.
	Started time.Time
	// Now dates events that bring no time of their own; time.Now if nil.
	Now func() time.Time
}

// Register adds to mux the two patterns that AWS clients use here:
//
//	POST /{$}                                           EventBridge and SSM, told apart by X-Amz-Target
//	POST /2015-03-31/functions/{function}/invocations   Lambda
func (e *Endpoints) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /{$}", e.serveTarget)
	mux.HandleFunc("POST /2015-03-31/functions/{function}/invocations", e.serveInvoke)
}

func (e *Endpoints) now() time.Time {
	if e.Now != nil {
		return e.Now()
	}
	return time.Now()
}
