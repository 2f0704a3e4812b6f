package handler

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"orders/internal/order"
	"orders/internal/strictjson"
)

// A proxyRequest is what the functions use of API Gateway's proxy event. A field that has another
// type than API Gateway gives it counts as missing.
type proxyRequest struct {
	HTTPMethod      json.RawMessage     `json:"httpMethod"` // present in every proxy event, and in no other
	Resource        string              `json:"resource"`
	PathParameters  map[string]string   `json:"pathParameters"`
	Query           map[string]string   `json:"queryStringParameters"`
	RepeatedQuery   map[string][]string `json:"multiValueQueryStringParameters"`
	Headers         map[string]string   `json:"headers"`
	RepeatedHeaders map[string][]string `json:"multiValueHeaders"`
	Body            string              `json:"body"`
	IsBase64Encoded bool                `json:"isBase64Encoded"`
	Context         struct {
		Authorizer map[string]any `json:"authorizer"`
		Identity   struct {
			UserARN string `json:"userArn"`
		} `json:"identity"`
	} `json:"requestContext"`
}

// parseProxyRequest reads a proxy event, and reports false for any other event.
func parseProxyRequest(event []byte) (request proxyRequest, ok bool) {
	err := json.Unmarshal(event, &request)
	if _, mistyped := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !mistyped {
		return proxyRequest{}, false
	}
	return request, request.HTTPMethod != nil // what has the right type has been decoded
}

// route returns the method and the resource, such as "GET /orders/{orderId}".
func (r proxyRequest) route() string {
	var method string
	_ = json.Unmarshal(r.HTTPMethod, &method) // if it is not a string, there is no such route
	return method + " " + r.Resource
}

var errUnauthorized = &order.Error{Kind: order.Unauthorized, Message: "Unauthorized"}

// userID returns the sub claim of the caller's token, which API Gateway's Cognito authorizer has
// verified.
func (r proxyRequest) userID() (string, error) {
	claims, _ := r.Context.Authorizer["claims"].(map[string]any)
	sub, _ := claims["sub"].(string)
	if sub == "" {
		return "", errUnauthorized
	}
	return sub, nil
}

// query returns a parameter of the query, and whether it is given. If it is given more than once,
// its value is empty, because API Gateway would choose one of them.
func (r proxyRequest) query(name string) (value string, given bool) {
	value, given = r.Query[name]
	all := r.RepeatedQuery[name]
	if len(all) > 1 {
		value = ""
	}
	return value, given || len(all) > 0
}

// header returns the values of a header, joined as RFC 9110 allows. Names are case-insensitive.
func (r proxyRequest) header(name string) string {
	for key, values := range r.RepeatedHeaders {
		if strings.EqualFold(key, name) {
			return strings.Join(values, ", ")
		}
	}
	for key, value := range r.Headers {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

func (r proxyRequest) decodeBody() ([]byte, error) {
	if !r.IsBase64Encoded {
		return []byte(r.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(r.Body)
	if err != nil {
		return nil, &order.Error{Kind: order.Invalid, Message: "Invalid JSON", Details: []string{"The body must be JSON: it is not valid base64"}}
	}
	return body, nil
}

// CORS returns the headers of every response that let browsers read it.
func CORS() map[string]string {
	return map[string]string{
		"Access-Control-Allow-Origin":   "*",
		"Access-Control-Allow-Headers":  "Authorization,Content-Type,If-None-Match,X-Amz-Date,X-Amz-Security-Token,X-Api-Key",
		"Access-Control-Allow-Methods":  "GET,OPTIONS,POST",
		"Access-Control-Expose-Headers": "ETag, Idempotent-Replayed, Location, Retry-After",
	}
}

// An errorBody is the body of every response that is not a success.
type errorBody struct {
	Message string   `json:"message"`
	Errors  []string `json:"errors,omitempty"`
}

// retryAfterSeconds is when a caller may retry after a peer or the table failed.
const retryAfterSeconds = "1"

// respondError returns the response for an error: the one place where the domain's kinds become
// HTTP's.
func respondError(err error) ([]byte, error) {
	e, ok := errors.AsType[*order.Error](err)
	if !ok {
		e = order.StoreError(err)
	}
	switch e.Kind {
	case order.Invalid:
		return respond(http.StatusBadRequest, errorBody{e.Message, e.Details}, nil)
	case order.Unauthorized:
		return respond(http.StatusUnauthorized, errorBody{Message: e.Message}, nil)
	case order.NotFound:
		return respond(http.StatusNotFound, errorBody{Message: e.Message}, nil)
	case order.TokenUsed:
		return respond(http.StatusConflict, errorBody{Message: e.Message}, nil)
	case order.TooLarge:
		return respond(http.StatusRequestEntityTooLarge, errorBody{Message: e.Message}, nil)
	case order.Unreadable:
		return respond(http.StatusInternalServerError, errorBody{Message: e.Message}, nil)
	case order.Rejected:
		return respond(http.StatusUnprocessableEntity, errorBody{e.Message, e.Details}, nil)
	default:
		return respond(http.StatusServiceUnavailable, errorBody{"Service unavailable", e.Details}, map[string]string{"Retry-After": retryAfterSeconds})
	}
}

// respond returns API Gateway's proxy response with body as JSON.
func respond(status int, body any, headers map[string]string) ([]byte, error) {
	text, err := strictjson.Marshal(body)
	if err != nil {
		return nil, err
	}
	return respondText(status, text, headers)
}

func respondText(status int, text []byte, headers map[string]string) ([]byte, error) {
	all := CORS()
	all["Content-Type"] = "application/json"
	maps.Copy(all, headers)
	return strictjson.Marshal(events.APIGatewayProxyResponse{StatusCode: status, Headers: all, Body: string(text)})
}

// wholeOrder returns everything that is stored of an order, for callers that may see it all.
func wholeOrder(o order.Order) any {
	if o.Document != nil {
		return json.RawMessage(o.Document)
	}
	return o
}
