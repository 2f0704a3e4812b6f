// Package apigateway plays Amazon API Gateway in front of the functions: it checks who calls, with
// the tokens of a user pool or with AWS Signature Version 4, invokes functions with proxy events
// and turns their responses into HTTP.
package apigateway

import (
	"encoding/json"
	"net/http"
	"path"
	"strings"

	"orders/internal/handler"
	"orders/internal/local/lambda"
)

// Stage is the name of the deployed stage.
const Stage = "local"

// A Gateway serves the routes of the orders API. Its fields must be set before Register and not be
// changed afterwards.
type Gateway struct {
	CreateOrder, GetOrder *lambda.Function
	Tokens                *TokenIssuer // for the routes of users
	Signatures            Verifier     // for the routes of services
}

// Register adds the API's routes to mux. Every other request gets the response that API Gateway
// gives to unknown routes.
func (g *Gateway) Register(mux *http.ServeMux) {
	handle(mux, "/orders", methods{
		http.MethodPost:    g.forUsers("/orders", g.CreateOrder),
		http.MethodGet:     g.forUsers("/orders", g.GetOrder),
		http.MethodOptions: http.HandlerFunc(preflight),
	})
	handle(mux, "/orders/{orderId}", methods{
		http.MethodGet:     g.forUsers("/orders/{orderId}", g.GetOrder),
		http.MethodOptions: http.HandlerFunc(preflight),
	})
	handle(mux, "/backend/{orderId}", methods{
		http.MethodGet: withCORS(g.Signatures.Require(g.forServices("/backend/{orderId}", g.GetOrder))),
	})
	mux.HandleFunc("/", unknownRoute)
}

// handle adds a route with and without a slash at its end: REST APIs route both to the same
// resource, and only the event's path differs.
func handle(mux *http.ServeMux, pattern string, next http.Handler) {
	mux.Handle(pattern, next)
	mux.Handle(pattern+"/{$}", next)
}

// methods maps a request's method to its handler.
type methods map[string]http.Handler

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if next, ok := m[r.Method]; ok {
		next.ServeHTTP(w, r)
		return
	}
	unknownRoute(w, r)
}

// ExactPaths returns a handler that treats paths that http.ServeMux would redirect to a cleaner
// form as unknown routes, because API Gateway does not redirect. Paths with a slash at their end
// are for next.
func ExactPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		clean := path.Clean("/" + r.URL.Path)                                                           // the path of "OPTIONS *" is no path at all
		slash := clean != "/" && r.URL.Path == clean+"/" && strings.HasSuffix(r.URL.EscapedPath(), "/") // and no %2F
		if r.URL.Path != clean && !slash {
			unknownRoute(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func unknownRoute(w http.ResponseWriter, _ *http.Request) {
	Respond(w, http.StatusForbidden, "Missing Authentication Token")
}

func preflight(w http.ResponseWriter, _ *http.Request) {
	addCORS(w)
	w.WriteHeader(http.StatusNoContent)
}

func withCORS(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		addCORS(w)
		next.ServeHTTP(w, r)
	})
}

func addCORS(w http.ResponseWriter) {
	for name, value := range handler.CORS() {
		w.Header().Set(name, value)
	}
}

// Respond writes a response of API Gateway's own: {"message": ...} with the CORS headers.
func Respond(w http.ResponseWriter, status int, message string) {
	addCORS(w)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message}) // fails only if the client has gone
}
