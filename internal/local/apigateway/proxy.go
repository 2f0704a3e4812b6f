package apigateway

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"

	"orders/internal/local/lambda"
)

// maxBody is the largest body that API Gateway accepts, in bytes.
const maxBody = 10 << 20

// forUsers returns a handler that invokes f for requests with a user's token.
func (g *Gateway) forUsers(resource string, f *lambda.Function) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := g.Tokens.Claims(r.Header.Get("Authorization"))
		if err != nil {
			Respond(w, http.StatusUnauthorized, "Unauthorized")
			return
		}
		invoke(w, r, resource, f, events.APIGatewayProxyRequestContext{
			Authorizer: map[string]any{"claims": asText(claims)},
		})
	})
}

// asText returns the claims as strings, which is how API Gateway's Cognito authorizer passes them
// on.
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

// forServices returns a handler that invokes f for requests whose signature has been checked.
func (g *Gateway) forServices(resource string, f *lambda.Function) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		invoke(w, r, resource, f, events.APIGatewayProxyRequestContext{
			Identity: events.APIGatewayRequestIdentity{
				AccountID: lambda.Account,
				UserArn:   "arn:aws:iam::" + lambda.Account + ":user/" + g.Signatures.AccessKey,
				AccessKey: g.Signatures.AccessKey,
			},
		})
	})
}

func invoke(w http.ResponseWriter, r *http.Request, resource string, f *lambda.Function, caller events.APIGatewayProxyRequestContext) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		_, tooLarge := errors.AsType[*http.MaxBytesError](err)
		switch {
		case tooLarge:
			Respond(w, http.StatusRequestEntityTooLarge, "Request too large")
		case errors.Is(err, os.ErrDeadlineExceeded):
			Respond(w, http.StatusRequestTimeout, "Request Timeout")
		default:
			Respond(w, http.StatusBadRequest, "Bad Request")
		}
		return
	}
	event, err := json.Marshal(proxyEvent(r, resource, body, caller))
	if err != nil {
		Respond(w, http.StatusInternalServerError, "Internal server error")
		return
	}
	response, err := f.Invoke(r.Context(), event)
	if err != nil {
		Respond(w, http.StatusBadGateway, "Internal server error")
		return
	}
	writeProxyResponse(w, response)
}

// proxyEvent returns the event that API Gateway's proxy integration makes of r.
func proxyEvent(r *http.Request, resource string, body []byte, rc events.APIGatewayProxyRequestContext) events.APIGatewayProxyRequest {
	rc.AccountID, rc.Stage, rc.APIID, rc.RequestID = lambda.Account, Stage, Stage, uuid.NewString()
	rc.ResourcePath, rc.HTTPMethod, rc.Path = resource, r.Method, "/"+Stage+r.URL.Path
	rc.Identity.SourceIP, rc.Identity.UserAgent = "127.0.0.1", r.UserAgent()
	query := r.URL.Query()
	if len(query) == 0 {
		query = nil // null in the event
	}
	event := events.APIGatewayProxyRequest{
		Resource:                        resource,
		Path:                            r.URL.Path,
		HTTPMethod:                      r.Method,
		Headers:                         lastValues(r.Header),
		MultiValueHeaders:               r.Header,
		QueryStringParameters:           lastValues(query),
		MultiValueQueryStringParameters: query,
		RequestContext:                  rc,
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

// lastValues returns the last value of each name: API Gateway passes on that one where only one
// fits.
func lastValues(values map[string][]string) map[string]string {
	if len(values) == 0 {
		return nil
	}
	last := make(map[string]string, len(values))
	for name, all := range values {
		last[name] = all[len(all)-1]
	}
	return last
}

// writeProxyResponse writes a function's response, or 502 if it is not a proxy response.
func writeProxyResponse(w http.ResponseWriter, payload []byte) {
	var response events.APIGatewayProxyResponse
	err := json.Unmarshal(payload, &response)
	if err != nil || response.StatusCode < 200 || response.StatusCode > 599 {
		Respond(w, http.StatusBadGateway, "Internal server error")
		return
	}
	for name, value := range response.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(response.StatusCode)
	_, _ = io.WriteString(w, response.Body) // fails only if the client has gone
}
