package local

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path"
	"strconv"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"

	"orders/internal/handler"
	"orders/internal/local/function"
	"orders/internal/local/sigv4"
	"orders/internal/local/token"
)

// stage is the name of the deployment that API Gateway would have.
const stage = "local"

// maxBody is the most that API Gateway takes of a body, in bytes.
const maxBody = 10 << 20

// A gateway stands where API Gateway stands: it checks who calls, hands requests to functions as proxy events and
// turns their answers into HTTP.
type gateway struct {
	create, get *function.Function
	tokens      *token.Issuer
	signatures  sigv4.Verifier
}

// register adds the service's routes. Everything else is answered as API Gateway answers what it does not know.
func (g *gateway) register(mux *http.ServeMux) {
	mux.Handle("/orders", methods{
		http.MethodPost:    g.forUsers("/orders", g.create),
		http.MethodGet:     g.forUsers("/orders", g.get),
		http.MethodOptions: http.HandlerFunc(preflight),
	})
	mux.Handle("/orders/{orderId}", methods{
		http.MethodGet:     g.forUsers("/orders/{orderId}", g.get),
		http.MethodOptions: http.HandlerFunc(preflight),
	})
	mux.Handle("/backend/{orderId}", methods{
		http.MethodGet: withCORS(g.signatures.Require(g.forServices("/backend/{orderId}", g.get))),
	})
	mux.HandleFunc("/", unknownRoute)
}

// methods picks the handler of a request's method.
type methods map[string]http.Handler

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if next, ok := m[r.Method]; ok {
		next.ServeHTTP(w, r)
		return
	}
	unknownRoute(w, r)
}

// exactPaths answers for paths that http.ServeMux would redirect to a cleaner form; API Gateway knows no such thing.
func exactPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path.Clean("/"+r.URL.Path) { // the slash is for "GET *", which is no path at all
			unknownRoute(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func unknownRoute(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusForbidden, "Missing Authentication Token")
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

// respond answers in API Gateway's own shape.
func respond(w http.ResponseWriter, status int, message string) {
	addCORS(w)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message}) // a client that is gone cannot be told
}

// forUsers lets through requests with a user's token.
func (g *gateway) forUsers(resource string, f *function.Function) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := g.tokens.Claims(r.Header.Get("Authorization"))
		if err != nil {
			respond(w, http.StatusUnauthorized, "Unauthorized")
			return
		}
		g.invoke(w, r, resource, f, events.APIGatewayProxyRequestContext{Authorizer: map[string]any{"claims": asText(claims)}})
	})
}

// asText makes every claim a string, as API Gateway's Cognito authorizer does.
func asText(claims map[string]any) map[string]string {
	texts := make(map[string]string, len(claims))
	for name, value := range claims {
		switch v := value.(type) {
		case string:
			texts[name] = v
		case float64:
			texts[name] = strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	return texts
}

// forServices hands over requests whose signature has been checked.
func (g *gateway) forServices(resource string, f *function.Function) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.invoke(w, r, resource, f, events.APIGatewayProxyRequestContext{Identity: events.APIGatewayRequestIdentity{
			AccountID: function.Account,
			UserArn:   "arn:aws:iam::" + function.Account + ":user/" + accessKey,
			AccessKey: accessKey,
		}})
	})
}

func (g *gateway) invoke(w http.ResponseWriter, r *http.Request, resource string, f *function.Function, who events.APIGatewayProxyRequestContext) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			respond(w, http.StatusRequestEntityTooLarge, "Request too large")
		} else {
			respond(w, http.StatusBadRequest, "Bad Request")
		}
		return
	}
	event, err := json.Marshal(proxyEvent(r, resource, body, who))
	if err != nil {
		respond(w, http.StatusInternalServerError, "Internal server error")
		return
	}
	answer, err := f.Invoke(r.Context(), event)
	if err != nil {
		respond(w, http.StatusBadGateway, "Internal server error")
		return
	}
	writeAnswer(w, answer)
}

// proxyEvent is the request as API Gateway tells a function of it.
func proxyEvent(r *http.Request, resource string, body []byte, who events.APIGatewayProxyRequestContext) events.APIGatewayProxyRequest {
	who.AccountID, who.Stage, who.APIID, who.RequestID = function.Account, stage, stage, uuid.NewString()
	who.ResourcePath, who.HTTPMethod, who.Path = resource, r.Method, "/"+stage+r.URL.Path
	who.Identity.SourceIP, who.Identity.UserAgent = "127.0.0.1", r.UserAgent()
	query := r.URL.Query()
	if len(query) == 0 {
		query = nil // API Gateway says null
	}
	event := events.APIGatewayProxyRequest{
		Resource:                        resource,
		Path:                            r.URL.Path,
		HTTPMethod:                      r.Method,
		Headers:                         last(r.Header),
		MultiValueHeaders:               r.Header,
		QueryStringParameters:           last(query),
		MultiValueQueryStringParameters: query,
		RequestContext:                  who,
		Body:                            string(body),
	}
	if orderID := r.PathValue("orderId"); orderID != "" {
		event.PathParameters = map[string]string{"orderId": orderID}
	}
	if !utf8.Valid(body) { // a JSON string could not hold it
		event.Body, event.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return event
}

// last is the last value of each name, which is the one that API Gateway passes on where only one fits.
func last(values map[string][]string) map[string]string {
	if len(values) == 0 {
		return nil
	}
	lasts := make(map[string]string, len(values))
	for name, all := range values {
		lasts[name] = all[len(all)-1]
	}
	return lasts
}

func writeAnswer(w http.ResponseWriter, answer []byte) {
	var a events.APIGatewayProxyResponse
	if err := json.Unmarshal(answer, &a); err != nil || a.StatusCode < 200 || a.StatusCode > 599 {
		respond(w, http.StatusBadGateway, "Internal server error")
		return
	}
	for name, value := range a.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.StatusCode)
	_, _ = io.WriteString(w, a.Body) // a client that is gone cannot be told
}
