package handler

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"orders/internal/order"
	"orders/internal/strictjson"
)

// CORS returns the headers that every answer carries so that browsers may read it.
func CORS() map[string]string {
	return map[string]string{
		"Access-Control-Allow-Origin":  "*",
		"Access-Control-Allow-Headers": "Authorization,Content-Type,X-Amz-Date,X-Amz-Security-Token,X-Api-Key",
		"Access-Control-Allow-Methods": "GET,OPTIONS,POST",
	}
}

// A problem is the body of every answer that is no success.
type problem struct {
	Message string   `json:"message"`
	Errors  []string `json:"errors,omitempty"`
}

// retryAfterSeconds is what a caller is asked to wait when a neighbour or the table did not answer.
const retryAfterSeconds = "1"

// failed is the answer for an error: the one place where the domain's kinds become HTTP's.
func failed(err error) ([]byte, error) {
	e, ok := errors.AsType[*order.Error](err)
	if !ok {
		e = order.StoreError(err)
	}
	switch e.Kind {
	case order.Invalid:
		return answer(http.StatusBadRequest, problem{e.Message, e.Details}, nil)
	case order.Unauthorized:
		return answer(http.StatusUnauthorized, problem{Message: e.Message}, nil)
	case order.NotFound:
		return answer(http.StatusNotFound, problem{Message: e.Message}, nil)
	case order.TokenUsed:
		return answer(http.StatusConflict, problem{Message: e.Message}, nil)
	case order.TooLarge:
		return answer(http.StatusRequestEntityTooLarge, problem{Message: e.Message}, nil)
	case order.Rejected:
		return answer(http.StatusUnprocessableEntity, problem{e.Message, e.Details}, nil)
	default:
		return answer(http.StatusServiceUnavailable, problem{"Service unavailable", e.Details}, map[string]string{"Retry-After": retryAfterSeconds})
	}
}

// answer is API Gateway's proxy answer with body as JSON and extra headers.
func answer(status int, body any, extra map[string]string) ([]byte, error) {
	text, err := strictjson.Marshal(body)
	if err != nil {
		return nil, err
	}
	headers := CORS()
	headers["Content-Type"] = "application/json"
	maps.Copy(headers, extra)
	return strictjson.Marshal(events.APIGatewayProxyResponse{StatusCode: status, Headers: headers, Body: string(text)})
}

var errUnauthorized = &order.Error{Kind: order.Unauthorized, Message: "Unauthorized"}

// userOf is the id of the signed-in user that a request comes from: the sub claim that API Gateway's Cognito
// authorizer has verified.
func userOf(request events.APIGatewayProxyRequest) (string, error) {
	claims, _ := request.RequestContext.Authorizer["claims"].(map[string]any)
	sub, _ := claims["sub"].(string)
	if sub == "" {
		return "", errUnauthorized
	}
	return sub, nil
}

// whole is an order with everything that is stored of it, for callers that may see all.
func whole(o order.Order) any {
	if o.Document != nil {
		return json.RawMessage(o.Document)
	}
	return o
}
